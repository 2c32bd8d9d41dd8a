"""Regions that a request brings itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.vision.proposers.proposal import Proposal
from tasks.errors import FieldError
from tasks.records import MAX_REGIONS

FIELD = "regions"
UNNAMED = "region"
"""The label of a region that was given none."""

MAX_LABEL_CHARS = 100
"""Labels are kept with what was visual in a picture, so they may not be of any length."""

_BOX_KEYS = {"box", "label"}
_FORMS = '[x1, y1, x2, y2] or {"box": [x1, y1, x2, y2], "label": "…"}'


@dataclass(frozen=True, slots=True)
class OwnRegion:
    """A box x1, y1, x2, y2 in pixels of the upright picture, and what to call it."""

    box: tuple[float, float, float, float]
    label: str = UNNAMED


def own_regions(values: object) -> tuple[OwnRegion, ...]:
    """The regions in a JSON value: a list of boxes, with or without labels; it may be empty.

    Raises `FieldError`, which names the item at fault.
    """
    if not isinstance(values, list):
        raise _fault(FIELD, f"is to be a list, each item {_FORMS}")
    if len(values) > MAX_REGIONS:
        raise _fault(FIELD, f"has {len(values)} items, at most {MAX_REGIONS} are admitted")
    return tuple(_region(value, f"{FIELD}[{index}]") for index, value in enumerate(values))


def proposal_of(own: Sequence[OwnRegion], width: int, height: int) -> Proposal:
    """The regions as parts of a picture of `width` x `height` pixels, all of them certain.

    Raises `FieldError` where a box goes beyond the picture.
    """
    for index, region in enumerate(own):
        x1, y1, x2, y2 = region.box
        if min(x1, y1) < 0 or x2 > width or y2 > height:
            raise _fault(
                f"{FIELD}[{index}]",
                f"goes beyond the picture, which has {width} x {height} pixels when upright",
            )
    boxes = np.array([region.box for region in own], dtype=np.float64).reshape(-1, 4)
    sides = np.array([width, height, width, height], dtype=np.float64)
    return Proposal(
        (boxes / sides).astype(np.float32),
        tuple(region.label for region in own),
        np.ones(len(own), dtype=np.float32),
    )


def _region(value: object, name: str) -> OwnRegion:
    if isinstance(value, list):
        return OwnRegion(_box(value, name))
    if not isinstance(value, dict) or "box" not in value or not value.keys() <= _BOX_KEYS:
        raise _fault(name, f"is to be {_FORMS}")
    box = _box(value["box"], f"{name}.box")
    label = value.get("label")
    if label is None:
        return OwnRegion(box)
    if not isinstance(label, str) or not 0 < len(label.strip()) <= MAX_LABEL_CHARS:
        raise _fault(f"{name}.label", f"is to be a text of 1 to {MAX_LABEL_CHARS} characters")
    return OwnRegion(box, label.strip())


def _box(value: object, name: str) -> tuple[float, float, float, float]:
    if not isinstance(value, list) or len(value) != 4:
        raise _fault(name, "is to be four numbers x1, y1, x2, y2")
    x1, y1, x2, y2 = (_number(side, name) for side in value)
    if not (x1 < x2 and y1 < y2):
        raise _fault(name, "is empty: x1 is to be less than x2, and y1 less than y2")
    return x1, y1, x2, y2


def _number(value: object, name: str) -> float:
    try:
        number = float(value) if type(value) in (int, float) else math.nan  # type: ignore[arg-type]
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _fault(name, "is to be four finite numbers x1, y1, x2, y2")
    return number


def _fault(name: str, what: str) -> FieldError:
    return FieldError(f"{name} {what}", field=FIELD)
