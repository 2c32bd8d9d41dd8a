from __future__ import annotations

import pytest

from tasks.document import Box
from tasks.ontology import NONE
from tasks.records import Asoc, Record, Region, Span
from training.evaluation.counts import Counts
from training.evaluation.protocols import (
    arguments,
    grounded_spans,
    iou,
    pair_relations,
    strict_relations,
    typed_spans,
)

TEXT = "Ann met Ann of NASA in Oslo"
ANN, AGAIN, NASA = Span.of(TEXT, 0, 3), Span.of(TEXT, 8, 11), Span.of(TEXT, 15, 19)


def entity(span: Span, label: str = "person", *regions: int) -> Record:
    return Record(label, span, tuple(Asoc("region", Region(k)) for k in regions), 0.5)


def test_spans_count_by_place_and_type() -> None:
    gold = [entity(ANN), entity(NASA, "organization")]
    assert typed_spans(gold, gold) == Counts(2, 2, 2)
    assert typed_spans([entity(AGAIN)], gold) == Counts(0, 1, 2)  # the same word elsewhere
    assert typed_spans([entity(ANN, "place")], gold) == Counts(0, 1, 2)
    assert typed_spans([entity(Span.of(TEXT, 0, 7))], gold) == Counts(0, 1, 2)
    assert typed_spans([entity(ANN), entity(ANN)], gold) == Counts(1, 2, 2)
    assert typed_spans([entity(ANN), entity(ANN, "place")], gold) == Counts(1, 2, 2)
    assert typed_spans([], gold) == Counts(0, 0, 2)
    assert typed_spans([entity(ANN)], []) == Counts(0, 1, 0)
    assert typed_spans([], []) == Counts()


def test_scores_and_regions_do_not_matter_to_spans() -> None:
    assert typed_spans([entity(ANN, "person", 3)], [Record("person", ANN)]) == Counts(1, 1, 1)


def pair(label: str) -> list[Record]:
    return [Record(None, ANN, (Asoc(label, NASA),))]


@pytest.mark.parametrize(
    ("said", "gold", "expected"),
    [
        ("member of", "member of", Counts(1, 1, 1)),
        ("leads", "member of", Counts(0, 1, 1)),
        (NONE, "member of", Counts(0, 0, 1)),
        ("member of", NONE, Counts(0, 1, 0)),
        (NONE, NONE, Counts(0, 0, 0)),
    ],
)
def test_none_is_no_relation(said: str, gold: str, expected: Counts) -> None:
    assert pair_relations(pair(said), pair(gold)) == expected


def test_a_pair_that_was_not_answered_is_a_miss() -> None:
    assert pair_relations([], pair("member of")) == Counts(0, 0, 1)


def event(*asocs: tuple[str, Span | Region], label: str = "meet") -> list[Record]:
    return [Record(label, None, tuple(Asoc(role, filler) for role, filler in asocs))]


def test_arguments_count_by_event_type_role_and_place() -> None:
    gold = event(("guest", ANN), ("scene", NASA), ("scene", Region(2)))
    assert arguments(gold, gold) == Counts(3, 3, 3)
    assert arguments(event(("guest", AGAIN), ("scene", NASA)), gold) == Counts(1, 2, 3)
    assert arguments(event(("host", ANN)), gold) == Counts(0, 1, 3)
    assert arguments(event(("guest", ANN), label="leave"), gold) == Counts(0, 1, 3)
    assert arguments(event(("scene", Region(3)), ("scene", Region(2))), gold) == Counts(1, 2, 3)
    assert arguments(event(("guest", ANN), ("guest", ANN)), gold) == Counts(1, 2, 3)
    assert arguments(event(), gold) == Counts(0, 0, 3)


def joint(*relations: tuple[str, Span], tail_type: str = "organization") -> list[Record]:
    head = Record("person", ANN, tuple(Asoc(label, tail) for label, tail in relations))
    return [head, Record(tail_type, NASA), Record("person", AGAIN)]


def test_a_strict_relation_has_both_spans_both_types_and_its_direction() -> None:
    gold = joint(("member of", NASA), ("knows", AGAIN))
    assert strict_relations(gold, gold) == Counts(2, 2, 2)
    assert strict_relations(joint(("member of", NASA)), gold) == Counts(1, 1, 2)
    wrong_type = joint(("member of", NASA), tail_type="place")
    assert strict_relations(wrong_type, gold) == Counts(0, 1, 2)
    backwards = [
        Record("person", ANN),
        Record("organization", NASA, (Asoc("member of", ANN),)),
    ]
    assert strict_relations(backwards, gold) == Counts(0, 1, 2)
    # a tail that was not found as an entity has no type
    headless = [Record("person", ANN, (Asoc("member of", NASA),))]
    assert strict_relations(headless, gold) == Counts(0, 1, 2)
    assert strict_relations(joint(("knows", AGAIN), ("knows", AGAIN)), gold) == Counts(1, 2, 2)


HALF: Box = (0.0, 0.0, 0.5, 1.0)
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
LESS: Box = (0.0, 0.0, 0.49, 1.0)
RIGHT: Box = (0.5, 0.0, 1.0, 1.0)
POINT: Box = (0.2, 0.2, 0.2, 0.2)


def test_overlap_of_boxes() -> None:
    assert iou(WHOLE, WHOLE) == 1.0
    assert iou(HALF, WHOLE) == iou(WHOLE, HALF) == 0.5
    assert iou(HALF, RIGHT) == 0.0
    assert iou((0.0, 0.0, 0.4, 0.4), (0.2, 0.2, 0.6, 0.6)) == pytest.approx(0.04 / 0.28)
    assert iou((0.0, 0.0, 0.1, 0.1), (0.5, 0.5, 0.6, 0.6)) == 0.0


@pytest.mark.parametrize("other", [POINT, WHOLE, (0.2, 0.0, 0.2, 1.0), (0.9, 0.1, 0.1, 0.9)])
def test_a_box_without_area_overlaps_nothing(other: Box) -> None:
    assert iou(POINT, other) == iou(other, POINT) == 0.0


def test_a_region_is_right_from_half_an_overlap_on() -> None:
    gold, boxes = [entity(ANN)], [WHOLE]
    assert grounded_spans([entity(ANN, "person", 1)], [HALF], gold, boxes) == Counts(1, 1, 1)
    assert grounded_spans([entity(ANN, "person", 1)], [LESS], gold, boxes) == Counts(0, 1, 1)
    assert grounded_spans([entity(ANN, "person", 2)], [LESS, WHOLE], gold, boxes).correct == 1
    # of several regions one suffices
    assert grounded_spans([entity(ANN, "person", 1, 2)], [LESS, WHOLE], gold, boxes).correct == 1


def test_a_grounded_span_needs_its_span_its_type_and_a_region() -> None:
    gold, boxes = [entity(ANN), entity(NASA, "organization")], [WHOLE, HALF]
    regions = [WHOLE, HALF]
    said = [entity(ANN, "person", 1), entity(NASA, "organization", 2)]
    assert grounded_spans(said, regions, gold, boxes) == Counts(2, 2, 2)
    assert grounded_spans([entity(ANN)], regions, gold, boxes) == Counts(0, 1, 2)
    assert grounded_spans([entity(ANN, "place", 1)], regions, gold, boxes) == Counts(0, 1, 2)
    assert grounded_spans([entity(AGAIN, "person", 1)], regions, gold, boxes) == Counts(0, 1, 2)
    assert grounded_spans([], regions, gold, boxes) == Counts(0, 0, 2)
    assert grounded_spans([entity(ANN, "person", 1)], regions, [], []) == Counts(0, 1, 0)


def test_one_gold_entity_is_found_once() -> None:
    twice = [entity(ANN, "person", 1)] * 2
    assert grounded_spans(twice, [WHOLE], [entity(ANN)], [WHOLE]) == Counts(1, 2, 1)
    # a wrong region does not use it up
    both = [entity(ANN, "person", 1), entity(ANN, "person", 2)]
    assert grounded_spans(both, [LESS, WHOLE], [entity(ANN)], [WHOLE]) == Counts(1, 2, 1)


def test_a_gold_box_without_area_is_found_by_nobody() -> None:
    said = [entity(ANN, "person", 1)]
    assert grounded_spans(said, [POINT], [entity(ANN)], [POINT]) == Counts(0, 1, 1)
