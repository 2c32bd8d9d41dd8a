"""What counts as correct, task by task (reference "tasks", section 3)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from tasks.document import Box
from tasks.ontology import NONE
from tasks.records import Record, Region, Span
from training.evaluation.counts import Counts

Place = tuple[int | None, int | None]


def typed_spans(said: Sequence[Record], gold: Sequence[Record]) -> Counts:
    """MNER and triggers: start, end and type exact."""
    return Counts.of(_typed(said), _typed(gold))


def pair_relations(said: Sequence[Record], gold: Sequence[Record]) -> Counts:
    """MRE: one label a pair, micro-averaged over all labels but none."""
    return Counts.of(_relations(said), _relations(gold))


def arguments(said: Sequence[Record], gold: Sequence[Record]) -> Counts:
    """Event type, role, start and end exact."""
    return Counts.of(_arguments(said), _arguments(gold))


def strict_relations(said: Sequence[Record], gold: Sequence[Record]) -> Counts:
    """Joint extraction, strict: both spans, both types and the relation exact, directed."""
    return Counts.of(_quintuples(said), _quintuples(gold))


def _place(span: Span) -> Place:
    return span.start, span.end


def _typed(records: Sequence[Record]) -> Iterator[Hashable]:
    for record in records:
        if record.span is not None:
            yield *_place(record.span), record.label


def _relations(records: Sequence[Record]) -> Iterator[Hashable]:
    for record in records:
        yield from (asoc.label for asoc in record.asocs if asoc.label != NONE)


def _arguments(records: Sequence[Record]) -> Iterator[Hashable]:
    for record in records:
        for asoc in record.asocs:
            filler = asoc.filler
            where = filler.name if isinstance(filler, Region) else _place(filler)
            yield record.label, asoc.label, where


def _quintuples(records: Sequence[Record]) -> Iterator[Hashable]:
    types = {_place(r.span): r.label for r in records if r.span is not None}
    for record in records:
        for asoc in record.asocs:
            if record.span is None or isinstance(asoc.filler, Region):
                continue
            tail = _place(asoc.filler)
            yield _place(record.span), record.label, asoc.label, tail, types.get(tail)


def grounded_spans(
    said: Sequence[Record], regions: Sequence[Box], gold: Sequence[Record], boxes: Sequence[Box]
) -> Counts:
    """GMNER: start, end and type exact, and a region that overlaps the gold box by IoU >= 0.5.

    Args:
        said: predicted records.
        regions: the boxes of O1, O2, ….
        gold: groundable entities, one box each in `boxes`.
    """
    wanted = {(_place(r.span), r.label): box for r, box in zip(gold, boxes, strict=True) if r.span}
    correct = 0
    for record in said:
        box = wanted.get((_place(record.span), record.label)) if record.span else None
        fillers = [a.filler for a in record.asocs if isinstance(a.filler, Region)]
        if box is not None and any(iou(regions[f.index - 1], box) >= 0.5 for f in fillers):
            correct += 1
            del wanted[(_place(record.span), record.label)]  # type: ignore[arg-type]
    return Counts(correct, sum(r.span is not None for r in said), len(gold))


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, continuous; 0 where one has no area."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return shared / (areas - shared) if areas > shared else 0.0
