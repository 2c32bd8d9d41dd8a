"""The boxes and captions to draw on an image."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from schema.extraction import Extraction, RegionFound

_LONGEST_NAME = 32


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption of a box; `type` selects its colour."""

    text: str
    type: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A region to draw.

    Attributes:
        name: id and label of the region.
        box: x1, y1, x2, y2 as fractions of width and height, 0 <= x1 <= x2 <= 1, likewise y.
        captions: one for each entity and argument that is grounded in the region.
    """

    name: str
    box: tuple[float, float, float, float]
    captions: tuple[Caption, ...]


def marks_of(extraction: Extraction) -> list[Mark]:
    """Return the regions that are at least partly in the image, those without captions first."""
    if extraction.image is None or min(extraction.image.width, extraction.image.height) < 1:
        return []
    width, height = extraction.image.width, extraction.image.height
    marks = []
    for region in extraction.regions:
        box = _fractions(region, width, height)
        if box is not None:
            captions = tuple(_captions(extraction, region.id))
            marks.append(Mark(f"{region.id} {region.label}", box, captions))
    return sorted(marks, key=lambda mark: bool(mark.captions))


def _fractions(
    region: RegionFound, width: int, height: int
) -> tuple[float, float, float, float] | None:
    if any(math.isnan(side) for side in region.box):
        return None
    (x1, x2), (y1, y2) = sorted(region.box[::2]), sorted(region.box[1::2])
    if x2 < 0 or y2 < 0 or x1 > width or y1 > height:
        return None
    return _within(x1 / width), _within(y1 / height), _within(x2 / width), _within(y2 / height)


def _within(fraction: float) -> float:
    return min(max(fraction, 0.0), 1.0)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1].rstrip() + "…"


def _captions(extraction: Extraction, region: str) -> Iterator[Caption]:
    for entity in extraction.entities:
        if region in entity.regions:
            yield Caption(f"{_shortened(entity.text)} · {entity.type}", entity.type)
    for event in extraction.events:
        for argument in event.arguments:
            if argument.region == region:
                yield Caption(f"{argument.role} · {event.type}", event.type)
