from __future__ import annotations

import pytest
import torch

from models.region_head import DenseRegions
from training.vision.losses import (
    AlignmentHeads,
    detection_losses,
    paired_iou,
    quality_focal_loss,
    soft_contrast,
)

BOX = torch.tensor([[[0.1, 0.1, 0.6, 0.7]]])
TYPES = torch.tensor([[[0.0, 1.0]]])


def test_giou_punishes_distance_where_iou_is_zero() -> None:
    boxes = torch.tensor([[0.0, 0.0, 0.1, 0.1]]).expand(3, 4)
    others = torch.tensor([[0.0, 0.0, 0.1, 0.1], [0.2, 0.0, 0.3, 0.1], [0.8, 0.0, 0.9, 0.1]])
    iou, giou = paired_iou(boxes, others)
    assert iou.tolist() == pytest.approx([1, 0, 0])
    assert giou[0] == pytest.approx(1)
    assert giou[1] > giou[2]


def test_quality_focal_loss_is_least_at_the_quality() -> None:
    quality = torch.tensor([0.7])
    losses = [quality_focal_loss(torch.tensor([p]).logit(), quality) for p in (0.4, 0.7, 0.95)]
    assert losses[1] == pytest.approx(0, abs=1e-6)
    assert min(losses[0], losses[2]) > losses[1]


def test_perfect_predictions_cost_next_to_nothing() -> None:
    logits = torch.full((1, 2, 8, 8), -20.0)
    logits[0, 1] = 20.0
    boxes = BOX[0, 0].expand(1, 2, 8, 8, 4)
    perfect = detection_losses(DenseRegions(logits, boxes), BOX, TYPES)
    assert perfect.box == pytest.approx(0, abs=1e-5)
    shifted = detection_losses(DenseRegions(logits, boxes + 0.2), BOX, TYPES)
    assert shifted.box > 0.5


def test_photos_without_boxes_have_finite_losses() -> None:
    dense = DenseRegions(torch.zeros(1, 2, 4, 4, requires_grad=True), torch.zeros(1, 2, 4, 4, 4))
    losses = detection_losses(dense, torch.zeros(1, 1, 4), torch.zeros(1, 1, 2))
    assert losses.box == 0
    assert torch.isfinite(losses.quality)
    heads = AlignmentHeads(16, 2)
    assert heads.type_loss(torch.zeros(0, 16), torch.zeros(0, 2)) == 0
    assert heads.phrase_loss(torch.zeros(0, 16), torch.zeros(0, 384)) == 0


def test_contrast_prefers_the_matching_text_and_shares_equal_ones() -> None:
    texts = torch.eye(4, 384)
    scale = torch.tensor(20.0)
    assert soft_contrast(texts, texts, scale) < soft_contrast(texts.flip(0), texts, scale)
    twins = texts[[0, 0, 1, 1]]
    swapped = twins[[1, 0, 3, 2]]
    torch.testing.assert_close(
        soft_contrast(swapped, twins, scale), soft_contrast(twins, twins, scale)
    )
