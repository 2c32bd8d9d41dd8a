"""Sets of our own that are scored in their own ways, by name; see `OWN_SETS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import DataError
from training.evaluation import absent, cooccurrence, news, posts, two_names, wordings
from training.evaluation.datasets import PHOTOS, photo_split
from training.evaluation.marking import Outcome
from training.evaluation.robustness import captions_of
from training.evaluation.row import Row
from training.evaluation.single_person import empty_photos, portraits_of
from training.evaluation.subject import Subject
from training.flickr8k import read_photos

Held = tuple[int, list[Row]]
"""How many texts or photos were asked about, and the scores."""

Hold = Callable[[Path, Subject, str, int], Held]
"""Asks a subject; takes the folder of the data, the subject, the split, and a limit (0 for all)."""


@dataclass(frozen=True)
class OwnSet:
    """One of our own sets: its splits, whether it is about pictures, and how it is held."""

    splits: tuple[str, ...]
    pictures: bool
    hold: Hold


def _posts(data: Path, subject: Subject, split: str, limit: int) -> Held:
    asked = posts.post_questions(data / posts.CORPUS, split)[: limit or None]
    return len(asked), Outcome(posts.MARKING, asked, subject.ask(asked, "labelled posts")).rows()


def _wordings(data: Path, subject: Subject, split: str, limit: int) -> Held:
    folder, most = data / PHOTOS, limit or wordings.MOST
    photos = read_photos(folder, photo_split(split))
    portraits = portraits_of(photos, folder, most)
    if not portraits:
        raise DataError(f"{folder} has no photos of one person in its split {split!r}")
    rows = wordings.kind_rows(subject, portraits)
    rows += wordings.type_rows(subject, portraits)
    rows += two_names.two_name_rows(subject, photos, folder, most)
    rows += absent.blank_rows(subject)
    rows += absent.empty_rows(subject, empty_photos(photos, folder, most))
    rows += absent.caption_rows(subject, captions_of(photos, folder)[:most])
    return len(portraits), rows


def _cooccurrence(_: Path, subject: Subject, split: str, limit: int) -> Held:
    return cooccurrence.held(subject, limit)


def _news(_: Path, subject: Subject, split: str, limit: int) -> Held:
    return news.held(subject, limit)


OWN_SETS = {
    posts.CORPUS: OwnSet(("dev", "test"), True, _posts),
    wordings.CORPUS: OwnSet(("dev", "test"), True, _wordings),
    cooccurrence.CORPUS: OwnSet(("test",), False, _cooccurrence),
    news.CORPUS: OwnSet(("test",), False, _news),
}
"""What `umie evaluate --dataset` takes besides the corpora."""
