from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from models.region_head import (
    DenseRegions,
    RegionHead,
    cell_centres,
    pairwise_iou,
    select_regions,
)
from models.tower_config import TowerConfig

CONFIG = TowerConfig(
    num_types=3,
    max_regions=4,
    pre_nms=16,
    pyramid_width=8,
    people_bias=0.0,
    same_type_iou=0.6,
    any_type_iou=0.9,
)
LEFT = (0.0, 0.0, 0.5, 1.0)
RIGHT = (0.5, 0.0, 1.0, 1.0)


def dense(*candidates: tuple[int, float, tuple[float, float, float, float]]) -> DenseRegions:
    """Predictions with (type, score, box) in one cell each, far apart, and nothing elsewhere."""
    logits = torch.full((1, 3, 9, 9), -100.0)
    boxes = torch.zeros(1, 3, 9, 9, 4)
    for cell, (label, score, box) in enumerate(candidates):
        row, column = divmod(2 * cell, 9)
        logits[0, label, row, column] = torch.tensor(score).logit()
        boxes[0, label, row, column] = torch.tensor(box)
    return DenseRegions(logits, boxes)


def found(regions: tuple[Tensor, Tensor, Tensor]) -> list[tuple[int, float]]:
    """(type, score) of the regions of the only picture that count."""
    _, labels, scores = (column[0] for column in regions)
    return [
        (int(label), round(float(score), 3))
        for label, score in zip(labels, scores, strict=True)
        if score > 1e-3
    ]


def test_iou_of_overlapping_disjoint_and_empty_boxes() -> None:
    boxes = torch.tensor([LEFT, RIGHT, (0.0, 0.0, 0.0, 0.0)])
    whole = torch.tensor([[0.0, 0.0, 1.0, 1.0], LEFT])
    expected = torch.tensor([[0.5, 1.0], [0.5, 0.0], [0.0, 0.0]])
    torch.testing.assert_close(pairwise_iou(boxes, whole), expected)


def test_cell_centres_are_x_then_y() -> None:
    centres = cell_centres(2, 4, torch.device("cpu"))
    assert centres[1, 3].tolist() == pytest.approx([0.875, 0.75])


def test_regions_come_by_descending_score() -> None:
    regions = select_regions(dense((0, 0.3, LEFT), (1, 0.8, RIGHT)), CONFIG)
    assert found(regions) == [(1, 0.8), (0, 0.3)]
    assert regions.boxes[0, 0].tolist() == pytest.approx(RIGHT)


def test_a_worse_box_of_the_same_type_is_suppressed() -> None:
    near = (0.0, 0.0, 0.4, 1.0)  # IoU 0.8 with LEFT
    assert found(select_regions(dense((0, 0.9, LEFT), (0, 0.5, near)), CONFIG)) == [(0, 0.9)]


def test_boxes_of_two_types_may_overlap_but_not_coincide() -> None:
    near = (0.0, 0.0, 0.4, 1.0)
    both = select_regions(dense((0, 0.9, LEFT), (1, 0.5, near)), CONFIG)
    assert found(both) == [(0, 0.9), (1, 0.5)]
    assert found(select_regions(dense((0, 0.9, LEFT), (1, 0.5, LEFT)), CONFIG)) == [(0, 0.9)]


def test_places_without_a_region_are_zero() -> None:
    logits = torch.full((1, 3, 9, 9), -200.0)
    logits[0, 2, 4, 4] = 3.0
    boxes = torch.tensor(LEFT).expand(1, 3, 9, 9, 4)
    regions = select_regions(DenseRegions(logits, boxes), CONFIG)
    assert (regions.scores[0, 1:] == 0).all()
    assert (regions.labels[0, 1:] == 0).all()
    assert (regions.boxes[0, 1:] == 0).all()


def test_what_is_suppressed_suppresses_nothing() -> None:
    """A chain: the second overlaps the first and the third, which do not overlap."""
    chain = [(0.0, 0.0, 0.5, 1.0), (0.1, 0.0, 0.6, 1.0), (0.2, 0.0, 0.7, 1.0), (0.3, 0.0, 0.8, 1.0)]
    scores = (0.9, 0.8, 0.7, 0.6)
    found_of = found(
        select_regions(dense(*((0, s, box) for s, box in zip(scores, chain, strict=True))), CONFIG)
    )
    assert found_of == [(0, 0.9), (0, 0.7)]


def test_people_come_before_others_that_are_as_likely() -> None:
    candidates = dense((0, 0.5, LEFT), (1, 0.6, RIGHT))
    assert found(select_regions(candidates, CONFIG)) == [(1, 0.6), (0, 0.5)]
    favoured = replace(CONFIG, people_bias=1.0)
    assert [label for label, _ in found(select_regions(candidates, favoured))] == [0, 1]


def test_boxes_are_clipped_to_the_picture() -> None:
    regions = select_regions(dense((0, 0.9, (-0.5, -0.1, 0.5, 1.4))), CONFIG)
    assert regions.boxes[0, 0].tolist() == pytest.approx([0, 0, 0.5, 1])


def test_head_predicts_boxes_around_each_cell() -> None:
    predictions = RegionHead(CONFIG)(torch.randn(2, 8, 5, 5))
    assert predictions.logits.shape == (2, 3, 5, 5)
    centres = cell_centres(5, 5, torch.device("cpu"))
    assert (predictions.boxes[..., :2] < centres).all()
    assert (predictions.boxes[..., 2:] > centres).all()
    assert (predictions.logits.sigmoid() < 0.1).all()
