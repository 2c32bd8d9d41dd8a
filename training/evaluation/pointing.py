"""Whether names that a question gives are pointed at the right region, or rightly at none.

Only grounding is marked: an answer's entity stands for a name where the two overlap in the text,
whatever its type, at any place where the name stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tasks.document import Box
from tasks.records import Record
from training.evaluation.boxes import Corners, overlapping
from training.evaluation.counts import Counts
from training.evaluation.grounding import region_of
from training.evaluation.question import Prediction, Question

Shares = Mapping[str, Counts]


def found(said: Prediction, question: Question) -> Shares:
    """The share of names that any entity of the answer overlaps, by type."""
    return _shares(
        (name.label or "", bool(entities_for(name, said, question))) for name, _ in _names(question)
    )


def shown_right(said: Prediction, question: Question) -> Shares:
    """Of the names that the picture shows, the share with a box that overlaps a gold one."""
    return _shares(
        (
            name.label or "",
            (box := box_for(name, said, question)) is not None and overlapping(box, boxes),
        )
        for name, boxes in _names(question)
        if boxes
    )


def shown_boxed(said: Prediction, question: Question) -> Shares:
    """Of the names that the picture shows, the share with any box."""
    return _shares(
        (name.label or "", box_for(name, said, question) is not None)
        for name, boxes in _names(question)
        if boxes
    )


def absent_left(said: Prediction, question: Question) -> Shares:
    """Of the names that the picture does not show, the share without a box."""
    return _shares(
        (name.label or "", box_for(name, said, question) is None)
        for name, boxes in _names(question)
        if not boxes
    )


def absent_boxed(said: Prediction, question: Question) -> Shares:
    """Of the names that the picture does not show, the share with a box: a fault."""
    return _shares(
        (name.label or "", box_for(name, said, question) is not None)
        for name, boxes in _names(question)
        if not boxes
    )


def box_for(name: Record, said: Prediction, question: Question) -> Corners | None:
    """The box that the answer gives to a name: the first region of the entities that overlap it."""
    for entity in entities_for(name, said, question):
        box = region_of(entity, said.boxes)
        if box is not None:
            return box
    return None


def entities_for(name: Record, said: Prediction, question: Question) -> list[Record]:
    """The entities of an answer that overlap a name at any place where the text has it."""
    assert name.span is not None
    places = list(_places(question.example.text, name.span.text))
    return [entity for entity in said.records if _overlaps(entity, places)]


def _names(question: Question) -> Iterator[tuple[Record, tuple[Box, ...]]]:
    yield from zip(question.example.records, question.boxes, strict=True)


def _places(text: str, part: str) -> Iterator[tuple[int, int]]:
    start = text.find(part)
    while start >= 0:
        yield start, start + len(part)
        start = text.find(part, start + 1)


def _overlaps(entity: Record, places: Sequence[tuple[int, int]]) -> bool:
    span = entity.span
    if span is None or span.start is None or span.end is None:
        return False
    return any(span.start < end and start < span.end for start, end in places)


def _shares(answers: Iterator[tuple[str, bool]]) -> dict[str, Counts]:
    counts: dict[str, Counts] = {}
    for kind, yes in answers:
        counts[kind] = counts.get(kind, Counts()) + Counts.share(int(yes), 1)
    return counts
