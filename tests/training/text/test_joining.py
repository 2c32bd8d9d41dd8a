import random

import pytest

from tasks.document import Document, Mention
from training.text.joining import grouped, joined


def _document(text: str, *mentions: tuple[int, int, str]) -> Document:
    entities = tuple(Mention(*mention) for mention in mentions)
    return Document(text, "made up", "train", "twitter4", entities=entities)


ANNA = _document("Anna works for Siemens .", (0, 4, "person"), (15, 22, "organization"))
BONN = _document("Bonn is old .", (0, 4, "location"))


@pytest.mark.parametrize("seed", range(20))
def test_joined_mentions_keep_their_words(seed: int) -> None:
    document = joined([ANNA, BONN, ANNA], random.Random(seed))
    said = [(document.text[m.start : m.end], m.type) for m in document.entities or ()]
    assert said == [
        ("Anna", "person"),
        ("Siemens", "organization"),
        ("Bonn", "location"),
        ("Anna", "person"),
        ("Siemens", "organization"),
    ]


def test_one_document_stays_as_it_is() -> None:
    assert joined([ANNA], random.Random(0)).text == ANNA.text


@pytest.mark.parametrize("seed", range(5))
def test_groups_hold_every_document_once_and_fit(seed: int) -> None:
    documents = [_document(f"{number} " + "word " * (number % 60)) for number in range(200)]
    groups = list(grouped(documents, random.Random(seed)))
    assert sorted(d.text for group in groups for d in group) == sorted(d.text for d in documents)
    assert all(sum(len(d.text) for d in group) <= 750 for group in groups if len(group) > 1)
    assert max(map(len, groups)) > 3
