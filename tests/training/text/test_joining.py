import random

import pytest

from tasks.document import Document, Mention, Relation
from tasks.ontology import NONE
from training.text.joining import grouped, joined, joined_related, unrelated_across


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


def _related(text: str, *mentions: tuple[int, int, str], pairs: bool = False) -> Document:
    """A document whose first mention is related to its second."""
    found = tuple(Mention(*mention) for mention in mentions)
    return Document(
        text,
        "made up",
        "train",
        "twitter4",
        entities=None if pairs else found,
        pair_mentions=found if pairs else (),
        relations=(Relation("member of", 0, 1),),
    )


@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize("seed", range(10))
def test_joined_relations_keep_their_ends(seed: int, pairs: bool) -> None:
    ann = _related("Ann of ACME", (0, 3, "person"), (7, 11, "organization"), pairs=pairs)
    bob = _related("Bob leads Hooli", (0, 3, "person"), (10, 15, "organization"), pairs=pairs)
    document = joined_related([ann, bob], random.Random(seed))
    assert (document.entities is None) is pairs
    names = [document.text[m.start : m.end] for m in document.mentions]
    assert names == ["Ann", "ACME", "Bob", "Hooli"]
    told = [(r.type, names[r.head], names[r.tail]) for r in document.relations or ()]
    assert told == [("member of", "Ann", "ACME"), ("member of", "Bob", "Hooli")]


def test_unrelated_pairs_join_two_documents() -> None:
    documents = [ANNA, BONN, ANNA]
    owner = [0, 0, 1, 2, 2]
    pairs = unrelated_across(documents, 100, random.Random(0))
    assert {pair.type for pair in pairs} == {NONE}
    drawn = {(pair.head, pair.tail) for pair in pairs}
    assert len(drawn) == len(pairs)
    assert drawn == {(a, b) for a in range(5) for b in range(5) if owner[a] != owner[b]}


def test_at_most_so_many_unrelated_pairs_are_drawn() -> None:
    assert len(unrelated_across([ANNA, BONN, ANNA], 3, random.Random(1))) == 3
    assert unrelated_across([ANNA], 3, random.Random(1)) == []
