"""The shape of the compact visual tower."""

from __future__ import annotations

from dataclasses import dataclass

REGION_TYPES = (
    "people",
    "clothing",
    "animals",
    "vehicles",
    "instruments",
    "bodyparts",
    "scene",
    "other",
)
"""Region labels in index order: the types of Flickr30k Entities (Plummer et al., 2015)."""


@dataclass(frozen=True)
class TowerConfig:
    """Sizes and thresholds of :class:`models.tower.CompactTower`.

    ``mean`` and ``std`` normalise RGB values in 0..1. ``pre_nms`` candidates enter the
    suppression, ``max_regions`` leave it.
    """

    image_size: int = 224
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    widths: tuple[int, int, int, int] = (64, 128, 256, 256)
    depths: tuple[int, int, int, int] = (2, 2, 2, 1)
    pyramid_width: int = 128
    num_types: int = len(REGION_TYPES)
    max_regions: int = 36
    pre_nms: int = 128
    same_type_iou: float = 0.6
    any_type_iou: float = 0.9
    peak_pooling: bool = True
    roi_width: int = 64
    fine_grid: int = 5
    coarse_grid: int = 3
    roi_hidden: int = 384
    feature_dim: int = 512
