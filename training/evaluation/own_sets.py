"""Our own test sets with their own scores, by name; see `OWN_SETS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import DataError
from training.evaluation import absent, cooccurrence, grounding_wordings, news, posts, two_names
from training.evaluation.datasets import PHOTOS, photo_split
from training.evaluation.evaluator import Evaluator
from training.evaluation.metric import Outcome
from training.evaluation.robustness import captions_of
from training.evaluation.row import Row
from training.evaluation.single_person import empty_photos, portraits_of
from training.flickr8k import read_photos

SetResult = tuple[int, list[Row]]
"""The number of texts or photos, and the scores."""

EvaluateSet = Callable[[Path, Evaluator, str, int], SetResult]
"""Evaluates on a set, given data folder, evaluator, split and limit (0 for all)."""


@dataclass(frozen=True)
class OwnSet:
    """One of our own test sets: its splits, whether it needs pictures, and its function."""

    splits: tuple[str, ...]
    pictures: bool
    run_task: EvaluateSet


def _posts(data: Path, evaluator: Evaluator, split: str, limit: int) -> SetResult:
    asked = posts.post_questions(data / posts.CORPUS, split)[: limit or None]
    return len(asked), Outcome(posts.MARKING, asked, evaluator.ask(asked, "labelled posts")).rows()


def _wordings(data: Path, evaluator: Evaluator, split: str, limit: int) -> SetResult:
    folder, most = data / PHOTOS, limit or grounding_wordings.MOST
    photos = read_photos(folder, photo_split(split))
    portraits = portraits_of(photos, folder, most)
    if not portraits:
        raise DataError(f"{folder} has no photos of one person in its split {split!r}")
    rows = grounding_wordings.kind_rows(evaluator, portraits)
    rows += grounding_wordings.type_rows(evaluator, portraits)
    rows += two_names.two_name_rows(evaluator, photos, folder, most)
    rows += absent.blank_rows(evaluator)
    rows += absent.empty_rows(evaluator, empty_photos(photos, folder, most))
    rows += absent.caption_rows(evaluator, captions_of(photos, folder)[:most])
    return len(portraits), rows


def _cooccurrence(_: Path, evaluator: Evaluator, split: str, limit: int) -> SetResult:
    return cooccurrence.evaluate(evaluator, limit)


def _news(_: Path, evaluator: Evaluator, split: str, limit: int) -> SetResult:
    return news.evaluate(evaluator, limit)


OWN_SETS = {
    posts.CORPUS: OwnSet(("dev", "test"), True, _posts),
    grounding_wordings.CORPUS: OwnSet(("dev", "test"), True, _wordings),
    cooccurrence.CORPUS: OwnSet(("test",), False, _cooccurrence),
    news.CORPUS: OwnSet(("test",), False, _news),
}
"""The values of `umie evaluate --dataset` besides the corpora."""
