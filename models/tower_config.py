"""The shape of the compact visual tower."""

from __future__ import annotations

from dataclasses import dataclass

from models.config import MAX_REGIONS

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

    ``mean`` and ``std`` normalise RGB values in 0..1, as EfficientNet-Lite was trained; ``widths``
    and ``depths`` are of its seven stages. ``people_bias`` is added to the logits of people, the
    first type: posts name people, so they come first. ``pre_nms`` candidates enter the
    suppression, which settles within ``nms_rounds``; ``max_regions`` leave it.
    """

    image_size: int = 224
    mean: tuple[float, float, float] = (127 / 255, 127 / 255, 127 / 255)
    std: tuple[float, float, float] = (128 / 255, 128 / 255, 128 / 255)
    widths: tuple[int, ...] = (16, 24, 40, 80, 112, 192, 320)
    depths: tuple[int, ...] = (1, 2, 2, 3, 3, 4, 1)
    pyramid_width: int = 128
    num_types: int = len(REGION_TYPES)
    max_regions: int = MAX_REGIONS
    people_bias: float = 0.9
    pre_nms: int = 600
    nms_rounds: int = 8
    same_type_iou: float = 0.5
    any_type_iou: float = 0.6
    roi_width: int = 64
    fine_grid: int = 5
    coarse_grid: int = 3
    roi_hidden: int = 384
    feature_dim: int = 512
