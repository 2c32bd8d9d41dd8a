"""What counts as correct where spans are to be found: MNER and event triggers.

Reference "tasks", section 3. Duplicates: each gold item is used at most once, so a span that is
said twice is wrong once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence

from tasks.records import Record, Span
from training.evaluation.counts import Counts
from training.evaluation.question import Prediction, Question

Item = tuple[str, Hashable]
"""The type that an answer is counted under, and what else has to agree."""

Items = Callable[[Sequence[Record]], Iterable[Item]]
Scorer = Callable[[Prediction, Question], Mapping[str, Counts]]
"""Counts of one question by type; they add up to the micro-average's."""


def exactly(items: Items, *, distinct: bool = False) -> Scorer:
    """Answers are right where type and item agree; `distinct`: answers and gold are sets."""

    def score(said: Prediction, question: Question) -> Mapping[str, Counts]:
        ours, wanted = list(items(said.records)), list(items(question.example.records))
        if distinct:
            ours, wanted = list(dict.fromkeys(ours)), list(dict.fromkeys(wanted))
        return matches(ours, wanted)

    return score


def matches(said: Iterable[Item], gold: Iterable[Item]) -> dict[str, Counts]:
    """Counts by type; each gold item is used at most once."""
    ours, wanted = Counter(said), Counter(gold)
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
    """String and type: how systems that generate strings without places are scored."""
    for record in records:
        if record.span is not None:
            yield record.label or "", record.span.text


def only(labels: Collection[str]) -> Items:
    """As `typed`, other types left out of answers and gold."""
    return lambda records: (item for item in typed(records) if item[0] in labels)


def rolled_up(parents: Mapping[str, str]) -> Items:
    """As `typed`, each type taken for the coarser one that it rolls up to."""

    def items(records: Sequence[Record]) -> Iterator[Item]:
        for label, place in typed(records):
            yield parents.get(label, label), place

    return items


def place_of(span: Span) -> Hashable:
    """Where a span stands; a span that does not stand in the text is itself, and so never right."""
    return (span.start, span.end) if span.start is not None else span.text
