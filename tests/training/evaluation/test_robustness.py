from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks import form, instruction
from tasks.document import Document, Mention
from tasks.records import Asoc, Region
from tests.support.evaluator import FakeEvaluator, wanted
from tests.training.evaluation.test_questions_of import photo_of
from tests.training.text.conftest import MAN
from training.evaluation import robustness
from training.evaluation.question import Prediction, Question
from training.evaluation.row import Row
from training.text.names import is_held_out

PHOTOS = [photo_of("A man sits .", image=f"{k}.jpg") for k in range(3)] + [photo_of("A dog .")]
POSTS = [
    Document(f"Ann {k}", "twitter2017", "test", "twitter4", entities=(Mention(0, 3, "person"),))
    for k in range(4)
]


def by_name(rows: list[Row]) -> dict[str, Row]:
    assert len({row.score for row in rows}) == len(rows)
    return {row.score: row for row in rows}


def test_captions_name_people_that_training_never_saw() -> None:
    captions = robustness.captions_of(PHOTOS, Path("photos"))
    assert [c.unit for c in captions] == ["0.jpg", "1.jpg", "2.jpg"]
    for caption in captions:
        assert caption.picture == Path("photos/images") / caption.unit
        (record,) = caption.example.records
        assert record.span is not None
        parts = [part for part in record.span.text.split() if not part.endswith(".")]
        assert all(is_held_out(part) for part in parts)
    assert captions == robustness.captions_of(PHOTOS, Path("photos"))


def test_captions_are_scored_with_their_regions() -> None:
    captions = robustness.captions_of(PHOTOS, Path("photos"))
    rows = by_name(robustness.captions_outcome(FakeEvaluator(), captions).rows())
    assert rows["grounded entities (GMNER)"].f1 == rows["entities"].f1 == 100.0


def test_captions_with_another_picture_or_none() -> None:
    """Whoever always names region 1 is right in the own picture and wrong without cause."""

    def always(question: Question) -> Prediction:
        if question.example.form is not form.GROUNDED:
            return wanted(question)
        region = (Asoc("region", Region(1)),)
        records = tuple(replace(r, asocs=region) for r in question.example.records)
        return Prediction(records, {1: MAN})

    captions = robustness.captions_of(PHOTOS, Path("photos"))
    evaluator = FakeEvaluator(always)
    rows = by_name(robustness.caption_rows(evaluator, captions))
    assert {name.removeprefix("captions: "): row.f1 for name, row in rows.items()} == {
        "entities, own picture": 100.0,
        "grounded entities (GMNER), own picture": 100.0,
        "entities, another's picture": 100.0,
        "grounded entities (GMNER), another's picture": 0.0,
        "entities, no picture": 100.0,
        "grounded entities (GMNER), no picture": 0.0,
    }
    turned = evaluator.asked[3:6]
    assert [q.picture for q in turned] == [captions[k].picture for k in (1, 2, 0)]
    assert [q.picture for q in evaluator.asked[6:]] == [None] * 3


def test_posts_beside_unrelated_pictures() -> None:
    def misled(question: Question) -> Prediction:
        (record,) = question.example.records
        if question.picture is None:
            return Prediction((record,))
        region = (Asoc("region", Region(1)),)
        label = "location" if question.unit == "Ann 0" else "person"
        return Prediction(
            (replace(record, label=label, asocs=region if label == "person" else ()),)
        )

    photos = [Path("a.jpg"), Path("b.jpg")]
    evaluator = FakeEvaluator(misled)
    rows = by_name(robustness.unrelated_rows(evaluator, POSTS, photos))
    assert rows[robustness.ALONE].f1 == 100.0 and rows[robustness.UNRELATED].f1 == 75.0
    share = rows["posts: share of entities grounded in an unrelated picture"]
    assert (share.correct, share.gold, share.share) == (3, 4, True)
    assert {q.picture for q in evaluator.asked[4:]} <= set(photos)


def test_synonyms_are_compared() -> None:
    def reader(question: Question) -> Prediction:
        """Finds nothing under other instructions, and types nobody under reversed labels."""
        example = question.example
        if example.wording != instruction.ENTITIES:
            return Prediction()
        if example.spots[0] == "miscellaneous":
            return Prediction(tuple(replace(r, label="location") for r in example.records))
        return wanted(question)

    evaluator = FakeEvaluator(reader)
    rows = by_name(robustness.wording_rows(evaluator, POSTS))
    assert rows["entities, usual words"].f1 == 100.0
    for name in robustness.WORDINGS:
        assert rows[f"entities, instruction: {name}"].f1 == 0.0
        assert rows[f"same answer, instruction: {name}"].f1 == 0.0
    # other words for the labels are understood as those that they stand for
    assert rows["entities, labels in other words"].f1 == 100.0
    assert rows["same answer, labels in other words"].f1 == 100.0
    assert rows["entities, labels reversed"].f1 == 0.0
    assert rows["same answer, labels reversed"].share
    asked = [q.example.spots for q in evaluator.asked]
    assert tuple(robustness.OTHER_WORDS.values()) in asked


@pytest.mark.parametrize("word", robustness.OTHER_WORDS.values())
def test_other_words_are_not_those_of_training(word: str) -> None:
    sources = Path(robustness.__file__).parents[1].joinpath("text").glob("*.[py]*")
    texts = {path.name: path.read_text(encoding="utf-8") for path in sources if path.is_file()}
    assert "names.yaml" in texts and not [name for name, text in texts.items() if word in text]


def test_without_photos_there_is_nothing_to_ask() -> None:
    evaluator = FakeEvaluator()
    assert robustness.unrelated_rows(evaluator, POSTS, []) == [] == evaluator.asked
