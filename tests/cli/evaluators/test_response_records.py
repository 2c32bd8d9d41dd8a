from __future__ import annotations

from cli.evaluators.response_records import (
    boxes_of,
    entity_records,
    event_records,
    instructed_records,
)
from schema.extraction import (
    ArgumentFound,
    EntityFound,
    EventFound,
    ImageSize,
    RegionFound,
    RelationFound,
    TriggerFound,
)
from schema.responses import AsocFound, RecordFound, SpanFound
from tasks.records import Asoc, Record, Region, Span

ANN, OSLO = Span("Ann", 0, 3), Span("Oslo", 13, 17)


def entity(number: int, span: Span, kind: str, *regions: str) -> EntityFound:
    return EntityFound(
        id=number,
        text=span.text,
        start=span.start,
        end=span.end,
        type=kind,
        score=0.5,
        regions=list(regions),
    )


def test_entities_head_their_relations() -> None:
    found = [entity(0, ANN, "person", "O12"), entity(1, OSLO, "location")]
    relations = [RelationFound(type="lives in", head=0, tail=1, score=0.25)]
    assert entity_records(found, relations) == (
        Record("person", ANN, (Asoc("region", Region(12), 0.5), Asoc("lives in", OSLO, 0.25)), 0.5),
        Record("location", OSLO, (), 0.5),
    )


def test_events_have_spans_and_regions() -> None:
    arguments = [
        ArgumentFound(role="entity", text="Ann", start=0, end=3, region=None, score=0.5),
        ArgumentFound(role="place", text=None, start=None, end=None, region="O2", score=0.25),
    ]
    trigger = TriggerFound(text="met", start=4, end=7)
    events = [EventFound(type="meet", trigger=trigger, score=0.75, arguments=arguments)]
    asocs = (Asoc("entity", ANN, 0.5), Asoc("place", Region(2), 0.25))
    assert event_records(events) == (Record("meet", Span("met", 4, 7), asocs, 0.75),)


def test_free_answers_may_lack_a_span() -> None:
    span = SpanFound(text="Ann", start=0, end=3)
    records = [
        RecordFound(
            label="attack",
            span=None,
            asocs=[
                AsocFound(label="target", span=span, region=None, score=0.5),
                AsocFound(label="place", span=None, region="O1", score=0.25),
            ],
            score=1.0,
        ),
        RecordFound(label=None, span=span, asocs=[], score=0.5),
    ]
    asocs = (Asoc("target", ANN, 0.5), Asoc("place", Region(1), 0.25))
    assert instructed_records(records) == (
        Record("attack", None, asocs, 1.0),
        Record(None, ANN, (), 0.5),
    )


def test_boxes_are_fractions_of_the_picture() -> None:
    regions = [RegionFound(id="O3", label="people", score=0.5, box=(10, 10, 20, 40))]
    assert boxes_of(regions, ImageSize(width=40, height=80)) == {3: (0.25, 0.125, 0.5, 0.5)}
    assert boxes_of(regions, None) == {}
