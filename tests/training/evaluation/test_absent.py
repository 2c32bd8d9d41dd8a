from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tasks.records import Asoc, Record, Region
from tests.support.evaluator import FakeEvaluator, wanted
from tests.training.evaluation.test_robustness import PHOTOS, by_name
from tests.training.text.conftest import MAN
from training.evaluation import absent
from training.evaluation.grounding_wordings import sentence_kinds
from training.evaluation.question import Prediction, Question
from training.evaluation.robustness import captions_of


def always(question: Question) -> Prediction:
    """Whoever names region 1 for everybody."""
    region = (Asoc("region", Region(1)),)
    return Prediction(
        tuple(Record(r.label, r.span, region) for r in question.example.records), {1: MAN}
    )


def test_blank_pictures(tmp_path: Path) -> None:
    pictures = absent.blank_pictures(tmp_path)
    assert list(pictures) == ["white", "black", "grey", "noise"]
    values = {name: np.asarray(Image.open(path)) for name, path in pictures.items()}
    assert values["white"].min() == 255 and values["black"].max() == 0
    assert values["noise"].std() > 50


def test_a_name_with_a_box_in_a_blank_picture_is_a_fault() -> None:
    evaluator = FakeEvaluator(always)
    rows = by_name(absent.blank_rows(evaluator))
    assert {name: row.f1 for name, row in rows.items()} == {
        f"boxed in a {name} picture": 100.0 for name in ("white", "black", "grey", "noise")
    }
    assert all(row.gold == len(sentence_kinds()) for row in rows.values())
    assert all(row.f1 == 0.0 for row in absent.blank_rows(FakeEvaluator()))


def test_photos_without_people() -> None:
    evaluator = FakeEvaluator(always)
    (row,) = absent.empty_rows(evaluator, [Path("a.jpg"), Path("b.jpg")])
    assert (row.correct, row.gold) == (2, 2)
    assert [q.picture for q in evaluator.asked] == [Path("a.jpg"), Path("b.jpg")]


def test_presence_is_scored_with_own_and_other_photos() -> None:
    captions = captions_of(PHOTOS, Path("photos"))
    perfect = by_name(absent.caption_rows(FakeEvaluator(wanted), captions))
    assert perfect["boxed in the caption's own photo"].f1 == 100.0
    assert perfect["boxed in another caption's photo"].f1 == 0.0
    assert perfect["presence, balanced accuracy"].f1 == 100.0
    blind = by_name(absent.caption_rows(FakeEvaluator(always), captions))
    assert blind["presence, balanced accuracy"].f1 == 50.0
