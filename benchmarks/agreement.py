"""Compares two answers to one request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SCORE = 1e-3
"""Tolerance of scores."""

PIXELS = 0.15
"""Tolerance of boxes: coordinates are rounded to a tenth of a pixel."""

_LEFT_OUT = ("model", "timing_ms")
_TOLERANCES = {"score": SCORE, "entities": SCORE, "relations": SCORE, "events": SCORE}
"""Tolerances by key; the keys of gates are the tasks."""


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """The differences of two JSON answers beyond rounding; times and model names are ignored."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            if path or key not in _LEFT_OUT:
                yield from differences(one.get(key), other.get(key), f"{path}.{key}".strip("."))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{path}[{index}]")
    elif isinstance(one, float) and isinstance(other, float):
        if abs(one - other) > _tolerance(path):
            yield f"{path}: {one:g} and {other:g}"
    elif one != other:
        yield f"{path}: {_short(one)} and {_short(other)}"


def _tolerance(path: str) -> float:
    if ".box[" in path:
        return PIXELS
    return _TOLERANCES.get(path.rpartition(".")[2], 0.0)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
