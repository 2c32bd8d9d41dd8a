"""When a predicted box is right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isfinite

LEAST_IOU = 0.5
_INSIDE = 0.9

Corners = Sequence[float]
"""x1, y1, x2, y2, whatever their unit; a prediction may be anything."""

Rule = Callable[[Corners, Iterable[Corners]], bool]
"""Whether a predicted box shows what any of the gold boxes shows."""


def overlapping(box: Corners, gold: Iterable[Corners]) -> bool:
    """IoU >= 0.5 with any gold box; a box of no area, or not of four numbers, is wrong."""
    return _sound(box) and any(iou(box, other) >= LEAST_IOU for other in gold)


def above(box: Corners, gold: Iterable[Corners]) -> bool:
    """As GMNER's paper words it, IoU > 0.5; its code and its successors' take a tie as right."""
    return _sound(box) and any(iou(box, other) > LEAST_IOU for other in gold)


def overlapping_or_inside(box: Corners, gold: Iterable[Corners]) -> bool:
    """WASE's rule for objects: also right where 90 % of the box lie inside a gold box."""
    boxes = list(gold)
    if overlapping(box, boxes):
        return True
    return _sound(box) and any(_shared(box, other) >= _INSIDE * _area(box) for other in boxes)


def iou(a: Corners, b: Corners) -> float:
    """Intersection over union of two boxes, continuous; 0 where one has no area."""
    shared = _shared(a, b)
    union = _area(a) + _area(b) - shared
    return shared / union if union > 0 else 0.0


def _sound(box: Corners) -> bool:
    return len(box) == 4 and all(map(isfinite, box)) and _area(box) > 0


def _area(box: Corners) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _shared(a: Corners, b: Corners) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(0.0, width) * max(0.0, height)
