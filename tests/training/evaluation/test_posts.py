from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import DataError
from tests.support.evaluator import FakeEvaluator
from tests.training.test_posts import write_posts
from training.evaluation import posts
from training.evaluation.labelled_posts import labelled_posts
from training.evaluation.metric import Outcome


def text_of(names: list[str]) -> str:
    return " and ".join(names)


def lay_out(folder: Path, split: str) -> Path:
    """Posts whose texts are made of the labelled names."""
    texts = {p.id: text_of([name.text for name in p.names]) for p in labelled_posts(split)}
    return write_posts(folder, texts)


def test_gold_predictions_are_correct(tmp_path: Path) -> None:
    asked = posts.post_questions(lay_out(tmp_path, "dev"), "dev")
    assert len(asked) == len(labelled_posts("dev"))
    assert asked[0].picture == tmp_path / f"images/{labelled_posts('dev')[0].id}.jpg"
    rows = Outcome(posts.MARKING, asked, FakeEvaluator().ask(asked, "")).rows()
    assert [row.score for row in rows][:3] == [
        "shown, right box",
        "shown, any box",
        "not shown, no box",
    ]
    assert all(row.f1 == 100.0 and row.share and row.gold for row in rows)


def test_posts_that_do_not_match_the_labels_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"posts\.ndjson does not have it"):
        posts.post_questions(write_posts(tmp_path, {}), "dev")
    with pytest.raises(DataError, match="does not have the name"):
        texts = {p.id: "nobody" for p in labelled_posts("dev")}
        posts.post_questions(write_posts(tmp_path, texts), "dev")
