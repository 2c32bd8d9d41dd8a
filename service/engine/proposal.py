"""Regions that something else than the bundle's tower chose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Proposal:
    """Regions to describe, in the order of their names.

    boxes (R, 4) x1, y1, x2, y2 as fractions of width and height, a label for each, scores (R,).
    R <= 36, and may be 0.
    """

    boxes: NDArray[np.float32]
    labels: tuple[str, ...]
    scores: NDArray[np.float32]


NOTHING = Proposal(np.zeros((0, 4), dtype=np.float32), (), np.zeros(0, dtype=np.float32))
"""No regions at all."""
