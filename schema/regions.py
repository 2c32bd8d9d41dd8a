"""Regions that a request sends along with its image."""

from __future__ import annotations

import math
from dataclasses import dataclass

from schema.errors import InvalidField

MAX_REGIONS = 36
"""Most regions of an image; the model has this many region slots."""

FIELD = "regions"
UNNAMED = "region"
"""Label of a region that is sent without one."""

MAX_LABEL_CHARS = 100
"""Limited because labels are cached together with the features of the image."""

_BOX_KEYS = {"box", "label"}
_FORMS = '[x1, y1, x2, y2] or {"box": [x1, y1, x2, y2], "label": "…"}'


@dataclass(frozen=True, slots=True)
class RequestRegion:
    """A region of a request.

    Attributes:
        box: x1, y1, x2, y2 in pixels of the upright image, x1 < x2 and y1 < y2.
        label: name of the region.
    """

    box: tuple[float, float, float, float]
    label: str = UNNAMED


def parse_regions(value: object) -> tuple[RequestRegion, ...]:
    """Parse the `regions` field of a request.

    Args:
        value: decoded JSON: a list of boxes, with or without labels. It may be empty.

    Returns:
        The regions in the order of the list.

    Raises:
        InvalidField: `value` is not such a list. The message names the item.
    """
    if not isinstance(value, list):
        raise InvalidField.at(FIELD, f"must be a list, each item {_FORMS}")
    if len(value) > MAX_REGIONS:
        raise InvalidField.at(FIELD, f"has {len(value)} items, at most {MAX_REGIONS} are allowed")
    return tuple(_region(item, f"{FIELD}[{index}]") for index, item in enumerate(value))


def _region(value: object, name: str) -> RequestRegion:
    if isinstance(value, list):
        return RequestRegion(_box(value, name))
    if not isinstance(value, dict) or "box" not in value or not value.keys() <= _BOX_KEYS:
        raise InvalidField.at(name, f"must be {_FORMS}")
    box = _box(value["box"], f"{name}.box")
    label = value.get("label")
    if label is None:
        return RequestRegion(box)
    if not isinstance(label, str) or not 0 < len(label.strip()) <= MAX_LABEL_CHARS:
        raise InvalidField.at(
            f"{name}.label", f"must be a string of 1 to {MAX_LABEL_CHARS} characters"
        )
    return RequestRegion(box, label.strip())


def _box(value: object, name: str) -> tuple[float, float, float, float]:
    if not isinstance(value, list) or len(value) != 4:
        raise InvalidField.at(name, "must be four numbers x1, y1, x2, y2")
    x1, y1, x2, y2 = (_number(side, name) for side in value)
    if not (x1 < x2 and y1 < y2):
        raise InvalidField.at(name, "is empty: x1 must be less than x2, and y1 less than y2")
    return x1, y1, x2, y2


def _number(value: object, name: str) -> float:
    try:
        number = float(value) if type(value) in (int, float) else math.nan  # type: ignore[arg-type]
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InvalidField.at(name, "must be four finite numbers x1, y1, x2, y2")
    return number
