"""Converts responses to the records that evaluation compares."""

from __future__ import annotations

from collections.abc import Sequence

from schema.extraction import (
    ArgumentFound,
    EntityFound,
    EventFound,
    ImageSize,
    RegionFound,
    RelationFound,
)
from schema.responses import AsocFound, RecordFound, SpanFound
from tasks.document import Box
from tasks.form import REGION_ROLE
from tasks.records import Asoc, Record, Region, Span


def entity_records(
    entities: Sequence[EntityFound], relations: Sequence[RelationFound] = ()
) -> tuple[Record, ...]:
    """Convert entities, with their regions and the relations they are the head of."""
    spans = {entity.id: Span(entity.text, entity.start, entity.end) for entity in entities}
    return tuple(
        Record(
            entity.type,
            spans[entity.id],
            (
                *(Asoc(REGION_ROLE, _region(name), entity.score) for name in entity.regions),
                *(Asoc(r.type, spans[r.tail], r.score) for r in relations if r.head == entity.id),
            ),
            entity.score,
        )
        for entity in entities
    )


def event_records(events: Sequence[EventFound]) -> tuple[Record, ...]:
    """Convert triggers with their arguments."""
    return tuple(
        Record(
            event.type,
            Span(event.trigger.text, event.trigger.start, event.trigger.end),
            tuple(Asoc(a.role, _filler(a), a.score) for a in event.arguments),
            event.score,
        )
        for event in events
    )


def instructed_records(records: Sequence[RecordFound]) -> tuple[Record, ...]:
    """Convert the records of a response to a free instruction."""
    return tuple(
        Record(
            record.label,
            _span(record.span) if record.span is not None else None,
            tuple(Asoc(a.label, _named(a), a.score) for a in record.asocs),
            record.score,
        )
        for record in records
    )


def boxes_of(regions: Sequence[RegionFound], image: ImageSize | None) -> dict[int, Box]:
    """Return boxes by region number, x1, y1, x2, y2 as fractions of the image's size."""
    if image is None:
        return {}
    return {
        _region(region.id).index: (
            region.box[0] / image.width,
            region.box[1] / image.height,
            region.box[2] / image.width,
            region.box[3] / image.height,
        )
        for region in regions
    }


def _filler(argument: ArgumentFound) -> Span | Region:
    if argument.region is not None:
        return _region(argument.region)
    return Span(argument.text or "", argument.start, argument.end)


def _named(asoc: AsocFound) -> Span | Region:
    if asoc.region is not None:
        return _region(asoc.region)
    assert asoc.span is not None
    return _span(asoc.span)


def _span(span: SpanFound) -> Span:
    return Span(span.text, span.start, span.end)


def _region(name: str) -> Region:
    return Region(int(name.removeprefix("O")))
