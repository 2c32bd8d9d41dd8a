from __future__ import annotations

import math

import pytest

from training.evaluation.boxes import Rule, above, iou, overlapping, overlapping_or_inside

HALF = (0.0, 0.0, 0.5, 1.0)
WHOLE = (0.0, 0.0, 1.0, 1.0)
LESS = (0.0, 0.0, 0.49, 1.0)
RIGHT = (0.5, 0.0, 1.0, 1.0)
POINT = (0.2, 0.2, 0.2, 0.2)


def test_overlap_of_boxes() -> None:
    assert iou(WHOLE, WHOLE) == 1.0
    assert iou(HALF, WHOLE) == iou(WHOLE, HALF) == 0.5
    assert iou(HALF, RIGHT) == 0.0
    assert iou((0.0, 0.0, 0.4, 0.4), (0.2, 0.2, 0.6, 0.6)) == pytest.approx(0.04 / 0.28)
    assert iou((0.0, 0.0, 0.1, 0.1), (0.5, 0.5, 0.6, 0.6)) == 0.0
    # continuous: no pixel is added to the sides
    assert iou((0, 0, 1, 1), (0, 0, 2, 1)) == 0.5


@pytest.mark.parametrize("other", [POINT, WHOLE, (0.2, 0.0, 0.2, 1.0), (0.9, 0.1, 0.1, 0.9)])
def test_a_box_of_no_area_overlaps_nothing(other: tuple[float, ...]) -> None:
    assert iou(POINT, other) == iou(other, POINT) == 0.0


def test_a_tie_is_right_unless_more_is_wanted() -> None:
    assert overlapping(HALF, [WHOLE]) and not above(HALF, [WHOLE])
    assert not overlapping(LESS, [WHOLE])
    assert overlapping(LESS, [RIGHT, HALF]) and above(LESS, [RIGHT, HALF])
    assert not overlapping(WHOLE, []) and not above(WHOLE, [])


NO_BOXES = (
    *((), (0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 1.0, 1.0), POINT, (1.0, 1.0, 0.0, 0.0)),
    *((math.nan, 0.0, 1.0, 1.0), (0.0, 0.0, math.inf, 1.0)),
)


@pytest.mark.parametrize("box", NO_BOXES)
@pytest.mark.parametrize("rule", [overlapping, above, overlapping_or_inside])
def test_what_is_no_box_is_wrong_and_no_error(rule: Rule, box: tuple[float, ...]) -> None:
    assert not rule(box, [WHOLE, POINT])


def test_nine_tenths_inside_are_enough_for_wase() -> None:
    small = (0.0, 0.0, 0.1, 0.1)
    assert not overlapping(small, [WHOLE]) and overlapping_or_inside(small, [WHOLE])
    gold = [(0, 0, 50, 100)]
    assert overlapping_or_inside((41, 0, 51, 100), gold)  # 90 % of it
    assert not overlapping_or_inside((42, 0, 52, 100), gold)
    # the gold box inside the predicted one is not
    assert not overlapping_or_inside(WHOLE, [small])
