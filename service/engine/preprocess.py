"""Preprocesses images for a bundle's visual tower."""

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

_OVERSAMPLING = 3
"""The least size of a reduced image, as a multiple of the tower's input.

From three times on, averaging blocks of pixels before resizing does not change the result visibly.
"""


class Preprocess(Protocol):
    """Preprocesses images for a tower."""

    def __call__(self, image: Image.Image, proposal: Proposal | None) -> Picture:
        """Resize and normalise an image.

        Args:
            image: an upright RGB image.
            proposal: the regions to encode; None for the tower's own proposals.
        """

    def least_sides(self, proposal: Proposal | None) -> tuple[int, int]:
        """Return the width and height in pixels that suffice: a larger image adds nothing."""

    def input_bytes(self, regions: int) -> int:
        """Return the size of the result in bytes, given the number of regions."""


def preprocess_for(tower: TowerConfig | ClipTowerConfig | None) -> Preprocess | None:
    """Return the preprocessor of a tower; None without a tower.

    Where no regions are given, a tower that proposes none encodes the whole image alone.
    """
    if isinstance(tower, TowerConfig):
        return _ResizeImage(tower)
    if isinstance(tower, ClipTowerConfig):
        return _CropRegions(tower)
    return None


class _ResizeImage:
    """For a tower that proposes regions: the whole image in one size."""

    def __init__(self, tower: TowerConfig) -> None:
        self._tower = tower

    def __call__(self, image: Image.Image, proposal: Proposal | None) -> Picture:
        pixels = pixels_from_image(image, self._tower)
        if proposal is None:
            return Picture(pixels)
        return Picture(pixels, proposal.boxes, proposal.labels, proposal.scores)

    def least_sides(self, proposal: Proposal | None) -> tuple[int, int]:
        side = _OVERSAMPLING * self._tower.image_size
        return side, side

    def input_bytes(self, regions: int) -> int:
        return _bytes_of(1, self._tower.image_size)


class _CropRegions:
    """For a CLIP tower: the whole image and one crop per region."""

    def __init__(self, tower: ClipTowerConfig) -> None:
        self._tower = tower

    def __call__(self, image: Image.Image, proposal: Proposal | None) -> Picture:
        proposal = proposal or NOTHING
        crops = crops_from_image(image, proposal.boxes, self._tower)
        return Picture(crops, proposal.boxes, proposal.labels, proposal.scores)

    def least_sides(self, proposal: Proposal | None) -> tuple[int, int]:
        side = _OVERSAMPLING * self._tower.image_size
        if proposal is None or not len(proposal.boxes):
            return side, side
        width, height = _least_extent(proposal.boxes)
        return math.ceil(side / width), math.ceil(side / height)

    def input_bytes(self, regions: int) -> int:
        return _bytes_of(1 + regions, self._tower.image_size)


def _least_extent(boxes: NDArray[np.float32]) -> tuple[float, float]:
    """The least width and the least height of boxes (R, 4), as fractions of the image's."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-6).min(axis=0)
    return float(sides[0]), float(sides[1])


def _bytes_of(pictures: int, side: int) -> int:
    return pictures * 3 * side * side * np.dtype(np.float32).itemsize
