"""Scoring of spans: MNER and event triggers.

Reference "tasks", section 3. Each gold item is matched at most once, so of a span that is predicted
twice one is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence

from tasks.records import Record, Span
from training.evaluation.counts import Counts
from training.evaluation.question import Prediction, Question

Item = tuple[str, Hashable]
"""The type that an item is counted under, and its compared values."""

Items = Callable[[Sequence[Record]], Iterable[Item]]
Scorer = Callable[[Prediction, Question], Mapping[str, Counts]]
"""Counts of one question by type; they add up to the micro-average's."""


def exactly(items: Items, *, distinct: bool = False) -> Scorer:
    """A score of exact matches of type and item; `distinct`: both sides are sets."""

    def score(predicted: Prediction, question: Question) -> Mapping[str, Counts]:
        ours, wanted = list(items(predicted.records)), list(items(question.example.records))
        if distinct:
            ours, wanted = list(dict.fromkeys(ours)), list(dict.fromkeys(wanted))
        return matches(ours, wanted)

    return score


def matches(predicted: Iterable[Item], gold: Iterable[Item]) -> dict[str, Counts]:
    """Counts by type; each gold item is matched at most once."""
    ours, wanted = Counter(predicted), Counter(gold)
    found: dict[str, Counts] = {}
    for item in [*wanted, *(item for item in ours if item not in wanted)]:
        counts = Counts(min(ours[item], wanted[item]), ours[item], wanted[item])
        found[item[0]] = found.get(item[0], Counts()) + counts
    return found


def typed(records: Sequence[Record]) -> Iterator[Item]:
    """MNER, trigger classification: start, end and type."""
    for record in records:
        if record.span is not None:
            yield record.label or "", place_of(record.span)


def untyped(records: Sequence[Record]) -> Iterator[Item]:
    """Trigger identification: start and end."""
    for record in records:
        if record.span is not None:
            yield "", place_of(record.span)


def strings(records: Sequence[Record]) -> Iterator[Item]:
    """String and type, as for systems that generate strings without offsets."""
    for record in records:
        if record.span is not None:
            yield record.label or "", record.span.text


def only(labels: Collection[str]) -> Items:
    """Like `typed`, without other types in predictions and gold."""
    return lambda records: (item for item in typed(records) if item[0] in labels)


def rolled_up(parents: Mapping[str, str]) -> Items:
    """Like `typed`, with each type replaced by its coarser type."""

    def items(records: Sequence[Record]) -> Iterator[Item]:
        for label, place in typed(records):
            yield parents.get(label, label), place

    return items


def place_of(span: Span) -> Hashable:
    """The offsets of a span; a span without offsets is returned itself, so it is never correct."""
    return (span.start, span.end) if span.start is not None else span.text
