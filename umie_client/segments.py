"""Splits a text at the borders of marked spans, which may overlap."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schema.extraction import Extraction


@dataclass(frozen=True, slots=True)
class Marked:
    """A marked span of the text.

    Attributes:
        start: start offset in code points.
        end: end offset, exclusive.
        type: the type that selects the colour.
        note: tooltip.
    """

    start: int
    end: int
    type: str
    note: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of the text.

    Attributes:
        text: the piece.
        covers: the spans that cover it, the innermost last.
        ending: the spans that end with it.
    """

    text: str
    covers: tuple[Marked, ...]
    ending: tuple[Marked, ...]


def marked_in(extraction: Extraction, text: str) -> list[Marked]:
    """Return the spans of entities and triggers; spans beyond the end of the text are dropped."""
    marked = []
    for entity in extraction.entities:
        note = f"{entity.type} {entity.score:.2f}"
        marked += _marked(entity.start, entity.end, entity.type, note)
    for event in extraction.events:
        note = f"{event.type} (event) {event.score:.2f}"
        marked += _marked(event.trigger.start, event.trigger.end, event.type, note)
    return [span for span in marked if span.end <= len(text)]


def replace_surrogates(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot encode, by U+FFFD."""
    return text.encode("utf-16", errors="surrogatepass").decode("utf-16", errors="replace")


def segments(text: str, marked: Sequence[Marked]) -> Iterator[Segment]:
    """Split the text at the borders of the spans."""
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
