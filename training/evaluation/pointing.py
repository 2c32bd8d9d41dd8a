"""Scores whether given names have the correct region, or correctly none.

Only grounding is scored: a predicted entity of any type counts for a name if it overlaps any
occurrence of the name in the text.
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


def found(predicted: Prediction, question: Question) -> Shares:
    """The share of names that any predicted entity overlaps, by type."""
    return _shares(
        (name.label or "", bool(entities_for(name, predicted, question)))
        for name, _ in _names(question)
    )


def shown_right(predicted: Prediction, question: Question) -> Shares:
    """Of the names that the picture shows, the share with a box that overlaps a gold one."""
    return _shares(
        (
            name.label or "",
            (box := box_for(name, predicted, question)) is not None and overlapping(box, boxes),
        )
        for name, boxes in _names(question)
        if boxes
    )


def shown_boxed(predicted: Prediction, question: Question) -> Shares:
    """Of the names that the picture shows, the share with any box."""
    return _shares(
        (name.label or "", box_for(name, predicted, question) is not None)
        for name, boxes in _names(question)
        if boxes
    )


def absent_left(predicted: Prediction, question: Question) -> Shares:
    """Of the names that the picture does not show, the share without a box."""
    return _shares(
        (name.label or "", box_for(name, predicted, question) is None)
        for name, boxes in _names(question)
        if not boxes
    )


def absent_boxed(predicted: Prediction, question: Question) -> Shares:
    """Of the names that the picture does not show, the share with a box: errors."""
    return _shares(
        (name.label or "", box_for(name, predicted, question) is not None)
        for name, boxes in _names(question)
        if not boxes
    )


def box_for(name: Record, predicted: Prediction, question: Question) -> Corners | None:
    """The predicted box of a name: the first region of the entities that overlap it."""
    for entity in entities_for(name, predicted, question):
        box = region_of(entity, predicted.boxes)
        if box is not None:
            return box
    return None


def entities_for(name: Record, predicted: Prediction, question: Question) -> list[Record]:
    """The predicted entities that overlap any occurrence of a name in the text."""
    assert name.span is not None
    places = list(_places(question.example.text, name.span.text))
    return [entity for entity in predicted.records if _overlaps(entity, places)]


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
