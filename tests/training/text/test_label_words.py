import random

import pytest

from tasks import form, instruction
from tasks.records import Asoc, Record, Span
from training.text.example import Example
from training.text.label_words import descriptions_of, reworded, words_for

LABELS = ("person", "location", "organization", "miscellaneous")
LONG = ("athlete", "politician", "musician", "city", "country", "company", "band", "event")


@pytest.mark.parametrize("labels", [LABELS, LONG])
def test_every_label_has_a_word_of_its_own(labels: tuple[str, ...]) -> None:
    for seed in range(200):
        words = words_for("entities", labels, random.Random(seed))
        assert list(words) == list(labels)
        assert len(set(words.values())) == len(labels)


def test_usual_tags_occur() -> None:
    generator = random.Random(0)
    seen = {word for _ in range(200) for word in words_for("entities", LABELS, generator).values()}
    assert {"PER", "LOC", "ORG", "person"} <= seen


def test_descriptions_stand_at_the_words_and_are_rare() -> None:
    generator = random.Random(0)
    drawn = [descriptions_of("entities", {"person": "PER"}, generator) for _ in range(200)]
    told = [found for found in drawn if found]
    assert 10 < len(told) < 100
    assert all(set(found) == {"PER"} for found in told)


def test_reworded_relations_keep_their_meaning() -> None:
    text = "Anna works for Siemens"
    example = Example(
        text=text,
        wording=instruction.relation("Anna", "Siemens"),
        form=form.PAIR,
        records=(Record(None, None, (Asoc("work for", Span.of(text, 15, 22)),)),),
        asocs=("live in", "work for", "none"),
        head=(0, 4),
        tail=(15, 22),
    )
    for seed in range(50):
        other, same = reworded([example, example], "relations", random.Random(seed))
        assert other == same
        assert other.asocs[2] == "none"
        assert other.records[0].asocs[0].label == other.asocs[1]
