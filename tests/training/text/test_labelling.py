from __future__ import annotations

import random

from tasks.ontology import load
from training.text.kinds import (
    PERSON,
    SOMEONE,
    coarse_of,
    fine_kinds,
    kinds_with_words,
    things,
    words_for,
)
from training.text.labelling import Labelling, draw
from training.text.names import is_held_out
from training.text.passage import Passage, Segment

FINE = Passage((Segment("Ann", SOMEONE, (2,)), Segment(" joins "), Segment("ACME", "company")))
COARSE = Passage(
    (Segment("Ann", PERSON), Segment(" of "), Segment("ACME", "organization")),
    frozenset({"person", "location", "organization"}),
    fine=False,
)
FMNERG51 = {t.name for t in load("fmnerg51").entities}


def drawn(passage: Passage, count: int = 1500) -> list[Labelling]:
    return [draw(passage, random.Random(seed)) for seed in range(count)]


def test_labels_are_listed_once_and_every_answer_is_listed() -> None:
    for labelling in drawn(FINE) + drawn(COARSE):
        assert 1 <= len(labelling.spots) == len(set(labelling.spots))
        assert set(labelling.words.values()) <= set(labelling.spots)
        assert len(labelling.spots) <= 51


def test_every_inventory_and_many_free_words_are_drawn() -> None:
    found = drawn(FINE)
    words = {labelling.words.get(SOMEONE) for labelling in found}
    assert {"person", "athlete", "singer", "mayor", "striker", "politician"} <= words
    assert any(set(labelling.spots) == FMNERG51 for labelling in found)
    assert any({"building", "art"} <= set(labelling.spots) for labelling in found)
    assert any(labelling.spots[0] != labelling.words.get(SOMEONE) for labelling in found)


def test_a_person_of_no_known_trade_has_one_right_label() -> None:
    free = {w for kind in kinds_with_words() if coarse_of(kind) == PERSON for w in words_for(kind)}
    for labelling in drawn(FINE):
        listed = [spot for spot in labelling.spots if spot in free]
        if len(listed) > 1:
            assert set(listed) <= FMNERG51 and labelling.words.get(SOMEONE) in (
                *("other person", None),
            )


def test_types_without_annotation_are_never_listed() -> None:
    for labelling in drawn(COARSE):
        unknown = set(labelling.spots) & {*words_for("miscellaneous"), *words_for("festival")}
        assert not unknown
        assert labelling.words.get(PERSON, "person") in words_for(PERSON)


def test_a_known_trade_is_never_called_another() -> None:
    passage = Passage((Segment("Ann", "politician"), Segment(" !")))
    allowed = {*words_for("politician"), *words_for(PERSON)}
    for labelling in drawn(passage):
        assert labelling.words.get("politician", "person") in allowed


def test_most_persons_have_a_label() -> None:
    found = drawn(FINE)
    assert sum(SOMEONE in labelling.words for labelling in found) > 0.9 * len(found)


def test_kinds_have_parents_and_words() -> None:
    assert {coarse_of(kind) for kind in FMNERG51} == {
        *("person", "location", "organization", "miscellaneous"),
    }
    for kind in FMNERG51 | {"nurse", "teacher", "police officer"}:
        assert words_for(kind) and len(set(words_for(kind))) == len(words_for(kind))
        assert fine_kinds()[kind][1] in FMNERG51
    assert "striker" in words_for(SOMEONE)
    assert not any(is_held_out(name) for name in things("city"))
