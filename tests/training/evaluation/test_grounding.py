from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.document import Box
from tasks.ontology import load
from tasks.records import Record, Span
from tests.support.corpora import conll, write, xml
from tests.training.evaluation.test_spans import AGAIN, ANN, NASA, entity, question
from training.corpora import read_corpus
from training.evaluation.boxes import above
from training.evaluation.counts import Counts
from training.evaluation.grounding import Grounded
from training.evaluation.question import Prediction, Question
from training.evaluation.questions_of import entity_questions

HALF: Box = (0.0, 0.0, 0.5, 1.0)
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
RIGHT: Box = (0.5, 0.0, 1.0, 1.0)
POINT: Box = (0.2, 0.2, 0.2, 0.2)
BOXES = {1: HALF, 2: RIGHT, 3: POINT}
GMNER, EEG, GROUNDABLE = Grounded(), Grounded(typed=False), Grounded(groundable=True)


def asked(gold: list[Record], *boxes: tuple[Box, ...]) -> Question:
    return replace(question(*gold), boxes=boxes)


def total(scorer: Grounded, said: list[Record], about: Question) -> Counts:
    return sum(scorer(Prediction(tuple(said), BOXES), about).values(), Counts())


@pytest.mark.parametrize(
    ("region", "boxes", "right"),
    [
        ((1,), (HALF,), True),
        ((1,), (WHOLE,), True),  # IoU is exactly a half
        ((2,), (HALF,), False),
        ((2,), (HALF, RIGHT), True),  # any of its boxes
        ((), (), True),  # not in the picture, and said to be not
        ((1,), (), False),
        ((), (HALF,), False),
        ((3,), (HALF,), False),  # a region of no area
        ((9,), (HALF,), False),  # a region that was not told
        ((2, 1), (HALF,), False),  # one region an entity: the first
    ],
)
def test_a_region_is_right_or_rightly_missing(
    region: tuple[int, ...], boxes: tuple[Box, ...], right: bool
) -> None:
    about = asked([entity(ANN)], boxes)
    assert total(GMNER, [entity(ANN, "person", *region)], about) == Counts(int(right), 1, 1)
    assert total(EEG, [entity(ANN, "place", *region)], about) == Counts(int(right), 1, 1)
    assert total(GMNER, [entity(ANN, "place", *region)], about) == Counts(0, 1, 1)
    assert total(GMNER, [entity(AGAIN, "person", *region)], about) == Counts(0, 1, 1)


def test_only_what_the_picture_shows() -> None:
    about = asked([entity(ANN), entity(NASA, "organization")], (HALF,), ())
    said = [entity(ANN, "person", 1), entity(NASA, "organization"), entity(AGAIN)]
    assert total(GMNER, said, about) == Counts(2, 3, 2)
    assert total(GROUNDABLE, said, about) == Counts(1, 1, 1)
    wrong = [entity(ANN), entity(NASA, "organization", 1)]
    assert total(GROUNDABLE, wrong, about) == Counts(0, 1, 1)


def test_each_gold_entity_is_used_once() -> None:
    about = asked([entity(ANN)], (HALF, RIGHT))
    said = [entity(ANN, "person", 1), entity(ANN, "person", 2)]
    assert total(GMNER, said, about) == Counts(1, 2, 1)


def test_a_tie_may_be_wrong() -> None:
    about = asked([entity(ANN)], (WHOLE,))
    assert total(Grounded(rule=above), [entity(ANN, "person", 1)], about) == Counts(0, 1, 1)


def test_fine_types_roll_up() -> None:
    about = asked([entity(ANN, "coach")], (HALF,))
    said = Prediction((entity(ANN, "actor", 1),), BOXES)
    assert sum(GMNER(said, about).values(), Counts()) == Counts(0, 1, 1)
    coarse = Grounded(parents={"coach": "person", "actor": "person"})
    assert coarse(said, about) == {"person": Counts(1, 1, 1)}


def test_a_repeated_name_shares_its_boxes(tmp_path: Path) -> None:
    """GMNER's boxes are keyed by the name, so both mentions of it are in the picture."""
    text = ["Ann B-PER", "and O", "Ann B-PER", "in O", "Oslo B-LOC"]
    write(tmp_path / "gmner/txt/test.txt", conll(text, images=["7"]))
    write(tmp_path / "gmner/xml/7.xml", xml([("Ann", (0, 0, 50, 100))], (100, 100)))
    (document,) = read_corpus("gmner", tmp_path, "test")
    (about,) = entity_questions(document, load("twitter4"))
    assert about.boxes == ((HALF,), (HALF,), ())
    first, second = Span.of(document.text, 0, 3), Span.of(document.text, 8, 11)
    oslo = entity(Span.of(document.text, 15, 19), "location")
    said = [entity(first, "person", 1), entity(second, "person", 1), oslo]
    assert total(GMNER, said, about) == Counts(3, 3, 3)
    assert total(GMNER, [entity(first, "person", 1), entity(second), oslo], about) == Counts(
        2, 3, 3
    )
    assert total(GMNER, [entity(first, "person", 1)] * 2, about) == Counts(1, 2, 3)
