"""A text cut where marked spans begin and end, however these overlap."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schema.extraction import Extraction


@dataclass(frozen=True, slots=True)
class Marked:
    """A span of the text, half-open, in code points; `type` gives its colour.

    `note` says what it is, for whoever points at it.
    """

    start: int
    end: int
    type: str
    note: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the text, what covers it, the innermost last, and what ends with it."""

    text: str
    covers: tuple[Marked, ...]
    ending: tuple[Marked, ...]


def marked_in(extraction: Extraction, text: str) -> list[Marked]:
    """The entities and triggers that stand in the text; what lies beyond its end is left out."""
    marked = []
    for entity in extraction.entities:
        note = f"{entity.type} {entity.score:.2f}"
        marked += _marked(entity.start, entity.end, entity.type, note)
    for event in extraction.events:
        note = f"{event.type} (event) {event.score:.2f}"
        marked += _marked(event.trigger.start, event.trigger.end, event.type, note)
    return [span for span in marked if span.end <= len(text)]


def segments(text: str, marked: Sequence[Marked]) -> Iterator[Segment]:
    """The whole text in pieces, in order."""
    cuts = sorted({0, len(text), *(m.start for m in marked), *(m.end for m in marked)})
    for start, end in itertools.pairwise(cuts):
        covers = [m for m in marked if m.start <= start and end <= m.end]
        covers.sort(key=lambda m: (m.start - m.end, m.start, m.type))
        ending = tuple(m for m in reversed(covers) if m.end == end)
        yield Segment(text[start:end], tuple(covers), ending)


def _marked(start: int | None, end: int | None, kind: str, note: str) -> list[Marked]:
    if start is None or end is None or not 0 <= start < end:
        return []
    return [Marked(start, end, kind, note)]
