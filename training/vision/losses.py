"""The tower's losses: detection, types of regions, alignment with phrases."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.region_head import DenseRegions
from training.vision.phrases import PHRASE_DIM
from training.vision.targets import assign_cells

TEXT_TEMPERATURE = 0.05


class DetectionLosses(NamedTuple):
    """Scalars: quality focal loss and GIoU loss, each per positive cell."""

    quality: Tensor
    box: Tensor


def paired_iou(boxes: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and generalised IoU (Rezatofighi et al., 2019) of boxes (N, 4) in pairs, each (N,)."""
    lower = torch.maximum(boxes[:, :2], targets[:, :2])
    upper = torch.minimum(boxes[:, 2:], targets[:, 2:])
    overlap = (upper - lower).clamp(min=0).prod(-1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(-1) + (targets[:, 2:] - targets[:, :2]).prod(-1)
    union = (areas - overlap).clamp(min=1e-9)
    hull_lower = torch.minimum(boxes[:, :2], targets[:, :2])
    hull_upper = torch.maximum(boxes[:, 2:], targets[:, 2:])
    hull = (hull_upper - hull_lower).prod(-1).clamp(min=1e-9)
    iou = overlap / union
    return iou, iou - (hull - union) / hull


def quality_focal_loss(logits: Tensor, quality: Tensor) -> Tensor:
    """Sum of the quality focal loss (Li et al., 2020) with beta 2."""
    weight = (logits.sigmoid() - quality).square()
    loss = functional.binary_cross_entropy_with_logits(logits, quality, reduction="none")
    return (weight * loss).sum()


def detection_losses(dense: DenseRegions, boxes: Tensor, types: Tensor) -> DetectionLosses:
    """Losses of every cell's predictions against boxes (B, M, 4) with types (B, M, C)."""
    positive, index = assign_cells(boxes, types, *dense.logits.shape[-2:])
    photo = torch.arange(len(boxes), device=boxes.device)[:, None, None, None].expand_as(index)
    targets = boxes[photo[positive], index[positive]]  # (P, 4)
    iou, giou = paired_iou(dense.boxes[positive], targets)
    quality = torch.zeros_like(dense.logits)
    quality[positive] = iou.detach()
    count = positive.sum().clamp(min=1)
    return DetectionLosses(
        quality_focal_loss(dense.logits, quality) / count, (1 - giou).sum() / count
    )


class AlignmentHeads(nn.Module):
    """Predicts types and text embeddings from the tower's rows; used in training only."""

    def __init__(self, feature_dim: int, num_types: int) -> None:
        super().__init__()
        self.types = nn.Linear(feature_dim, num_types)
        self.phrase = nn.Linear(feature_dim, PHRASE_DIM)
        self.caption = nn.Linear(feature_dim, PHRASE_DIM)
        self.log_scale = nn.Parameter(torch.tensor(2.3))

    def type_loss(self, rows: Tensor, types: Tensor) -> Tensor:
        """Binary cross-entropy of region rows (N, D) against multi-hot types (N, C)."""
        logits = self.types(rows)
        loss = functional.binary_cross_entropy_with_logits(logits, types, reduction="sum")
        return loss / max(1, len(rows))

    def phrase_loss(self, rows: Tensor, texts: Tensor) -> Tensor:
        """:func:`soft_contrast` of region rows (N, D) with their phrases (N, 384)."""
        return soft_contrast(self.phrase(rows), texts, self.log_scale.clamp(max=4.0).exp())

    def caption_loss(self, rows: Tensor, texts: Tensor) -> Tensor:
        """:func:`soft_contrast` of image rows (B, D) with their captions (B, 384)."""
        return soft_contrast(self.caption(rows), texts, self.log_scale.clamp(max=4.0).exp())


def soft_contrast(queries: Tensor, texts: Tensor, scale: Tensor) -> Tensor:
    """Contrastive loss with soft targets: similar texts share the probability.

    Symmetric cross-entropy of the cosine similarities (N, N) against the softmax of the
    similarities among the normalised ``texts``.
    """
    if len(queries) == 0:
        return queries.sum()
    logits = functional.normalize(queries.float(), dim=-1) @ texts.T * scale  # (N, N)
    targets = (texts @ texts.T / TEXT_TEMPERATURE).softmax(dim=-1)
    forth = functional.cross_entropy(logits, targets)
    back = functional.cross_entropy(logits.T, targets)
    return (forth + back) / 2
