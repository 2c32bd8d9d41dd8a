"""Reader of M2E2's pictures with events, and of the links between sentences and pictures.

Source: Li et al. (2020). Boxes are a flag and pixel corners; the flag ("0" for a few boxes of
a crowd or a whole place) is not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.errors import DataError
from tasks.ontology import load
from training.corpora.files import json_of, lines_of
from training.corpora.labels import argument_word
from training.corpora.m2e2 import ONTOLOGY

_EVENTS = ("image_multimedia_event.json", "image_only_event.json")
_TEXTS = ("text_multimedia_event.json", "text_only_event.json")
_LINKS = "crossmedia_coref.txt"

PixelBox = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PictureEvent:
    """A picture of the corpus: its event and the boxes of the roles in pixels, or None."""

    image: str
    event: str | None
    arguments: tuple[tuple[str, PixelBox], ...] = ()


@dataclass(frozen=True, slots=True)
class Links:
    """Sentences and pictures of the same event."""

    sentences: frozenset[str]
    images: frozenset[str]


def read_pictures(folder: Path) -> list[PictureEvent]:
    """All pictures of the corpus, by name; raises `DataError` with file and picture."""
    named = {image: PictureEvent(image, None) for image in _named(folder)}
    for file in _EVENTS:
        path = folder / file
        for image, row in json_of(path).items():
            try:
                named[image] = _event(image, row)
            except (ValueError, KeyError, TypeError) as error:
                raise DataError(f"{path}: {image}: {type(error).__name__}: {error}") from error
    return [named[image] for image in sorted(named)]


def read_links(folder: Path) -> Links:
    """The cross-media coreference list; raises `DataError` with file and line."""
    path = folder / _LINKS
    rows = []
    for number, line in lines_of(path):
        if not line:
            continue
        columns = line.split("\t")
        if len(columns) != 3:
            raise DataError(f"{path}:{number}: {len(columns)} columns instead of 3")
        rows.append(columns)
    return Links(
        frozenset(sentence for sentence, _, _ in rows),
        frozenset(_stem(image) for _, image, _ in rows),
    )


def sentence_ids(folder: Path) -> list[str]:
    """The ids of the test split's sentences, in the order of `m2e2.read`."""
    return [row["sentence_id"] for row in json_of(folder / _TEXTS[0])]


def _named(folder: Path) -> list[str]:
    rows = (row for file in _TEXTS for row in json_of(folder / file))
    return [_stem(image) for row in rows for image in row.get("image", ())]


def _event(image: str, row: Mapping[str, Any]) -> PictureEvent:
    ontology = load(ONTOLOGY)
    event = ontology.event(ontology.event_of[row["event_type"]])
    arguments = []
    for role, boxes in row["role"].items():
        word = argument_word(role, event)
        for _, *corners in boxes:
            x1, y1, x2, y2 = map(float, corners)
            arguments.append((word, (x1, y1, x2, y2)))
    return PictureEvent(image, event.name, tuple(arguments))


def _stem(image: str) -> str:
    return image.removesuffix(".jpg")
