"""Anchor-free region proposals: dense predictions and their selection."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.backbone import convolution
from models.tower_config import TowerConfig

PRIOR_SCORE = 0.02
PRIOR_DISTANCE = 0.15
MAX_LOG_DISTANCE = 0.2


class DenseRegions(NamedTuple):
    """Predictions of every cell: ``logits`` (B, C, H, W), ``boxes`` (B, C, H, W, 4) xyxy in 0..1.

    The boxes are not clipped to the picture.
    """

    logits: Tensor
    boxes: Tensor


class Regions(NamedTuple):
    """Selected regions: ``boxes`` (B, R, 4), ``labels`` (B, R), ``scores`` (B, R)."""

    boxes: Tensor
    labels: Tensor
    scores: Tensor


def cell_centres(height: int, width: int, device: torch.device) -> Tensor:
    """Centres (height, width, 2) of the cells as x, y in 0..1."""
    ys = (torch.arange(height, device=device, dtype=torch.float32) + 0.5) / height
    xs = (torch.arange(width, device=device, dtype=torch.float32) + 0.5) / width
    return torch.stack([xs.expand(height, width), ys[:, None].expand(height, width)], dim=-1)


def pairwise_iou(boxes: Tensor, others: Tensor) -> Tensor:
    """IoU (..., N, M) of boxes (..., N, 4) and (..., M, 4); zero for empty boxes."""
    # side by side: broadcasting over pairs of coordinates costs ONNX Runtime ten times as much
    width = _shared(boxes[..., 0], boxes[..., 2], others[..., 0], others[..., 2])
    height = _shared(boxes[..., 1], boxes[..., 3], others[..., 1], others[..., 3])
    overlap = width * height
    area = (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)
    other_area = (others[..., 2:] - others[..., :2]).clamp(min=0).prod(-1)
    union = area[..., :, None] + other_area[..., None, :] - overlap
    return overlap / union.clamp(min=1e-9)


def _shared(lower: Tensor, upper: Tensor, other_lower: Tensor, other_upper: Tensor) -> Tensor:
    """Length (..., N, M) of what intervals (..., N) share with others (..., M)."""
    first = torch.maximum(lower[..., :, None], other_lower[..., None, :])
    last = torch.minimum(upper[..., :, None], other_upper[..., None, :])
    return (last - first).clamp(min=0)


class RegionHead(nn.Module):
    """Type scores and type-specific boxes of every cell (FCOS, Tian et al., 2019).

    Boxes are per type because a person and their clothing share a centre.
    """

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        width = config.pyramid_width
        self.num_types = config.num_types
        self.shared = convolution(width, width, 3)
        self.score_tower = convolution(width, width, 3)
        self.box_tower = convolution(width, width, 3)
        self.score = nn.Conv2d(width, config.num_types, 3, padding=1)
        self.distance = nn.Conv2d(width, config.num_types * 4, 3, padding=1)
        for layer in (self.score, self.distance):
            nn.init.normal_(layer.weight, std=0.01)
        nn.init.constant_(_bias(self.score), -math.log((1 - PRIOR_SCORE) / PRIOR_SCORE))
        nn.init.constant_(_bias(self.distance), math.log(PRIOR_DISTANCE))

    def forward(self, fine: Tensor) -> DenseRegions:
        """(B, width, H, W) -> predictions of every cell."""
        hidden = functional.relu(self.shared(fine))
        logits = self.score(functional.relu(self.score_tower(hidden))).float()  # (B, C, H, W)
        raw = self.distance(functional.relu(self.box_tower(hidden))).float()  # (B, C * 4, H, W)
        _, _, height, width = logits.shape
        raw = raw.unflatten(1, (self.num_types, 4)).permute(0, 1, 3, 4, 2)  # (B, C, H, W, 4)
        distances = raw.clamp(max=MAX_LOG_DISTANCE).exp()
        centres = cell_centres(height, width, fine.device)
        boxes = torch.cat([centres - distances[..., :2], centres + distances[..., 2:]], dim=-1)
        return DenseRegions(logits, boxes)


def _bias(layer: nn.Conv2d) -> Tensor:
    assert layer.bias is not None
    return layer.bias


def select_regions(dense: DenseRegions, config: TowerConfig) -> Regions:
    """The best ``max_regions`` regions, by descending score, after suppression.

    A candidate goes if a better one that stays overlaps it; near-equal boxes of two types count
    as one. Cluster NMS (Zheng et al., 2021) gets there without a loop over boxes: every round
    settles one more link of the longest chain of suppressions. Places without a region have score
    0, label 0 and an empty box.
    """
    bias = dense.logits.new_tensor([config.people_bias] + [0.0] * (config.num_types - 1))
    scores = (dense.logits + bias[:, None, None]).sigmoid()  # (B, C, H, W)
    cells = scores.shape[2] * scores.shape[3]
    top, index = scores.flatten(1).topk(min(config.pre_nms, config.num_types * cells), dim=1)
    labels = torch.div(index, cells, rounding_mode="floor")  # (B, K)
    boxes = dense.boxes.flatten(1, 3).clamp(0, 1)  # (B, C * H * W, 4)
    boxes = boxes.gather(1, index[..., None].expand(-1, -1, 4))  # (B, K, 4)
    overlap = pairwise_iou(boxes, boxes).triu(diagonal=1)  # (B, K, K): row is the better one
    same = labels[:, :, None] == labels[:, None, :]
    rivals = same & (overlap > config.same_type_iou) | ~same & (overlap > config.any_type_iou)
    rivals = rivals.float()
    stays = torch.ones_like(top)[:, None]  # (B, 1, K)
    for _ in range(config.nms_rounds):
        # how many better ones that stay: ONNX Runtime multiplies far faster than it asks for any
        stays = (stays @ rivals < 0.5).float()
    top = top * stays[:, 0]
    kept, order = top.topk(config.max_regions, dim=1)  # (B, R)
    present = kept > 0
    boxes = boxes.gather(1, order[..., None].expand(-1, -1, 4)) * present[..., None]
    return Regions(boxes, labels.gather(1, order) * present, kept)
