"""Rules for correct predicted boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isfinite

LEAST_IOU = 0.5
_INSIDE = 0.9

Corners = Sequence[float]
"""x1, y1, x2, y2 in any unit; a prediction can have invalid values."""

Rule = Callable[[Corners, Iterable[Corners]], bool]
"""Whether a predicted box matches any of the gold boxes."""


def overlapping(box: Corners, gold: Iterable[Corners]) -> bool:
    """IoU >= 0.5 with any gold box; a box without area, or without four numbers, is wrong."""
    return _sound(box) and any(iou(box, other) >= LEAST_IOU for other in gold)


def above(box: Corners, gold: Iterable[Corners]) -> bool:
    """IoU > 0.5 as in GMNER's paper; its code and later systems count 0.5 as correct."""
    return _sound(box) and any(iou(box, other) > LEAST_IOU for other in gold)


def overlapping_or_inside(box: Corners, gold: Iterable[Corners]) -> bool:
    """WASE's rule for objects: also correct if 90 % of the box is inside a gold box."""
    boxes = list(gold)
    if overlapping(box, boxes):
        return True
    return _sound(box) and any(_shared(box, other) >= _INSIDE * _area(box) for other in boxes)


def iou(a: Corners, b: Corners) -> float:
    """Intersection over union of two boxes; 0 if one has no area."""
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
