"""The compact visual tower: one pass from pixels to regions and feature rows."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.ops import roi_align

from models.backbone import Backbone, FeatureMaps, FeaturePyramid
from models.region_head import DenseRegions, RegionHead, Regions, select_regions
from models.tower_config import TowerConfig


class RegionRows(nn.Module):
    """Feature rows of boxes: RoIAlign (He et al., 2017) at two strides, then a small MLP."""

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        self.grids = (config.fine_grid, config.coarse_grid)
        self.fine = nn.Conv2d(config.pyramid_width, config.roi_width, 1)
        self.coarse = nn.Conv2d(config.pyramid_width, config.roi_width, 1)
        cells = config.fine_grid**2 + config.coarse_grid**2
        self.project = nn.Sequential(
            nn.Linear(cells * config.roi_width, config.roi_hidden),
            nn.GELU(),
            nn.Linear(config.roi_hidden, config.feature_dim),
            nn.LayerNorm(config.feature_dim),
        )

    def forward(self, maps: FeatureMaps, boxes: Tensor) -> Tensor:
        """Boxes (B, R, 4) xyxy in 0..1 -> rows (B, R, feature_dim)."""
        batch, count = boxes.shape[0], boxes.shape[1]
        index = torch.arange(batch, device=boxes.device, dtype=boxes.dtype)
        index = index[:, None, None].expand(-1, count, 1)
        rois = torch.cat([index, boxes], dim=-1).flatten(0, 1)  # (B * R, 5)
        pooled = [
            roi_align(
                reduced.float().contiguous(), rois, grid, float(reduced.shape[-1]), 2, aligned=True
            ).flatten(1)
            for reduced, grid in zip(
                (self.fine(maps.fine), self.coarse(maps.coarse)), self.grids, strict=True
            )
        ]
        rows: Tensor = self.project(torch.cat(pooled, dim=1))
        return rows.reshape(batch, count, -1).float()


class ImageRow(nn.Module):
    """Feature row of the whole picture: its pooled last stage."""

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        self.project = nn.Linear(config.widths[-1], config.feature_dim)
        self.norm = nn.LayerNorm(config.feature_dim)

    def forward(self, maps: FeatureMaps) -> Tensor:
        """-> (B, feature_dim)."""
        row: Tensor = self.norm(self.project(maps.last.mean((2, 3))))
        return row.float()


class CompactTower(nn.Module):
    """A small convolutional network that proposes its own regions and describes them."""

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = Backbone(config)
        self.pyramid = FeaturePyramid(config)
        self.head = RegionHead(config)
        self.region_rows = RegionRows(config)
        self.image_row = ImageRow(config)

    def encode(self, pixels: Tensor) -> tuple[FeatureMaps, DenseRegions]:
        """Normalised pixels (B, 3, H, W) -> feature maps and the predictions of every cell."""
        maps = self.pyramid(self.backbone(pixels))
        return maps, self.head(maps.fine)

    def forward(
        self, pixels: Tensor, own: Tensor | None = None, given: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Normalised pixels (B, 3, image_size, image_size) -> regions and feature rows.

        Args:
            pixels: the pictures.
            own: (B, 36, 4) boxes xyxy in 0..1 to describe in place of the proposals, empty boxes
                where there are fewer.
            given: (B,) 1.0 for the pictures that bring their own boxes, else 0.0.

        Returns:
            boxes (B, 36, 4) xyxy in 0..1, labels (B, 36) int64 (index into ``REGION_TYPES``),
            scores (B, 36) in 0..1, 0 where there is no region, and features (B, 37, 512): row 0 the
            whole picture, row i region i - 1, zero where there is none. Proposals come by
            descending score; own boxes stay in their order, with label 0 and score 1.
        """
        maps, dense = self.encode(pixels)
        regions = select_regions(dense, self.config)
        if own is not None and given is not None:
            regions = _replaced(regions, own, given > 0)
        boxes, labels, scores = regions
        rows = self.region_rows(maps, boxes) * (scores > 0)[..., None]  # (B, 36, 512)
        features = torch.cat([self.image_row(maps)[:, None], rows], dim=1)  # (B, 37, 512)
        return boxes, labels, scores, features


def _replaced(regions: Regions, own: Tensor, given: Tensor) -> Regions:
    """`regions`, but `own` boxes (B, 36, 4) for the pictures that are `given` (B,) theirs."""
    certain = (own[..., 2:] > own[..., :2]).all(dim=-1).float()  # (B, 36)
    return Regions(
        torch.where(given[:, None, None], own, regions.boxes),
        torch.where(given[:, None], torch.zeros_like(regions.labels), regions.labels),
        torch.where(given[:, None], certain, regions.scores),
    )
