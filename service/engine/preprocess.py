"""Pictures as a bundle's tower wants them."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.clip_config import ClipTowerConfig
from models.clip_pixels import crops_from_image
from models.pixels import pixels_from_image
from models.tower_config import TowerConfig
from service.engine.interface import Picture
from service.engine.proposal import NOTHING, Proposal

_DETAIL = 3
"""How many times as large as what is computed from it a reduced picture stays at the least.

From three times on, resizing what blocks of pixels were averaged to is as good as resizing all.
"""


class Preprocess(Protocol):
    """Makes pictures ready for a tower."""

    def __call__(self, image: Image.Image, proposal: Proposal | None) -> Picture:
        """An upright RGB picture, and the regions to describe in it (None: the tower chooses)."""

    def least_sides(self, proposal: Proposal | None) -> tuple[int, int]:
        """The width and height from which on more pixels add nothing."""

    def input_bytes(self, regions: int) -> int:
        """How much memory the result takes with so many regions."""


def preprocess_for(tower: TowerConfig | ClipTowerConfig | None) -> Preprocess | None:
    """What makes pictures ready for `tower`; None without one.

    A tower that proposes no regions sees the whole picture alone where no regions are given.
    """
    if isinstance(tower, TowerConfig):
        return _Squashed(tower)
    if isinstance(tower, ClipTowerConfig):
        return _Cropped(tower)
    return None


class _Squashed:
    def __init__(self, tower: TowerConfig) -> None:
        self._tower = tower

    def __call__(self, image: Image.Image, proposal: Proposal | None) -> Picture:
        pixels = pixels_from_image(image, self._tower)
        if proposal is None:
            return Picture(pixels)
        return Picture(pixels, proposal.boxes, proposal.labels, proposal.scores)

    def least_sides(self, proposal: Proposal | None) -> tuple[int, int]:
        side = _DETAIL * self._tower.image_size
        return side, side

    def input_bytes(self, regions: int) -> int:
        return _bytes_of(1, self._tower.image_size)


class _Cropped:
    def __init__(self, tower: ClipTowerConfig) -> None:
        self._tower = tower

    def __call__(self, image: Image.Image, proposal: Proposal | None) -> Picture:
        proposal = proposal or NOTHING
        crops = crops_from_image(image, proposal.boxes, self._tower)
        return Picture(crops, proposal.boxes, proposal.labels, proposal.scores)

    def least_sides(self, proposal: Proposal | None) -> tuple[int, int]:
        side = _DETAIL * self._tower.image_size
        if proposal is None or not len(proposal.boxes):
            return side, side
        across, down = _narrowest(proposal.boxes)
        return math.ceil(side / across), math.ceil(side / down)

    def input_bytes(self, regions: int) -> int:
        return _bytes_of(1 + regions, self._tower.image_size)


def _narrowest(boxes: NDArray[np.float32]) -> tuple[float, float]:
    """The least width and height of boxes (R, 4), as fractions of the picture's."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-6).min(axis=0)
    return float(sides[0]), float(sides[1])


def _bytes_of(pictures: int, side: int) -> int:
    return pictures * 3 * side * side * np.dtype(np.float32).itemsize
