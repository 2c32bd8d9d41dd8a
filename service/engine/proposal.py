"""Regions that replace the proposals of the visual tower."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Proposal:
    """Regions of an image, in the order of their ids.

    Attributes:
        boxes: (R, 4) x1, y1, x2, y2 as fractions of width and height; 0 <= R <= 36.
        labels: the label of each region.
        scores: (R,) the score of each region.
    """

    boxes: NDArray[np.float32]
    labels: tuple[str, ...]
    scores: NDArray[np.float32]


NOTHING = Proposal(np.zeros((0, 4), dtype=np.float32), (), np.zeros(0, dtype=np.float32))
"""No regions."""
