"""Pictures as a bundle's tower wants them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PIL import Image

from models.clip_config import ClipTowerConfig
from models.clip_pixels import crops_from_image
from models.pixels import pixels_from_image
from models.tower_config import TowerConfig
from service.engine.contract import Picture
from service.proposers.proposal import NOTHING, Proposal

Preprocess = Callable[[Image.Image, Proposal | None], Picture]
"""An upright RGB picture, and the regions to describe in it (None: the tower chooses)."""


def preprocess_for(tower: TowerConfig | ClipTowerConfig | None) -> Preprocess | None:
    """What makes pictures ready for `tower`; None without one.

    A tower that proposes no regions sees the whole picture alone where no regions are given.
    """
    if isinstance(tower, TowerConfig):
        return partial(_squashed, tower)
    if isinstance(tower, ClipTowerConfig):
        return partial(_cropped, tower)
    return None


def _squashed(tower: TowerConfig, image: Image.Image, proposal: Proposal | None) -> Picture:
    pixels = pixels_from_image(image, tower)
    if proposal is None:
        return Picture(pixels)
    return Picture(pixels, proposal.boxes, proposal.labels, proposal.scores)


def _cropped(tower: ClipTowerConfig, image: Image.Image, proposal: Proposal | None) -> Picture:
    proposal = proposal or NOTHING
    crops = crops_from_image(image, proposal.boxes, tower)
    return Picture(crops, proposal.boxes, proposal.labels, proposal.scores)
