from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from models.tower import CompactTower
from models.tower_config import REGION_TYPES, TowerConfig


@pytest.fixture(scope="module")
def tower() -> Iterator[CompactTower]:
    torch.manual_seed(0)
    tower = CompactTower(TowerConfig(depths=(1,) * 7))
    with torch.no_grad():
        # Statistics of real maps: without them an untrained network shrinks its input to nothing.
        for module in tower.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 1.0
        tower.train().encode(torch.randn(4, 3, 96, 96))
        # Untrained scores are nearly equal; spread them so that their order is meaningful.
        tower.head.score.weight.mul_(20)
    with torch.inference_mode():
        yield tower.eval()


def test_outputs_follow_the_interface(tower: CompactTower) -> None:
    boxes, labels, scores, features = tower(torch.randn(2, 3, 224, 224))
    assert boxes.shape == (2, 36, 4)
    assert labels.shape == (2, 36)
    assert labels.dtype == torch.int64
    assert scores.shape == (2, 36)
    assert features.shape == (2, 37, 512)
    assert ((boxes >= 0) & (boxes <= 1)).all()
    assert ((labels >= 0) & (labels < len(REGION_TYPES))).all()
    assert (scores.diff(dim=1) <= 0).all()
    assert torch.isfinite(features).all()


def test_a_picture_does_not_depend_on_its_batch(tower: CompactTower) -> None:
    pixels = torch.randn(3, 3, 224, 224)
    together = tower(pixels)
    alone = tower(pixels[1:2])
    for batched, single in zip(together, alone, strict=True):
        torch.testing.assert_close(batched[1:2], single, rtol=1e-4, atol=1e-4)


def test_rows_describe_their_boxes(tower: CompactTower) -> None:
    pixels = torch.randn(2, 3, 224, 224)
    boxes, _, scores, features = tower(pixels)
    maps, _ = tower.encode(pixels)
    rows = tower.region_rows(maps, boxes)
    present = scores > 0
    torch.testing.assert_close(rows[present], features[:, 1:][present], rtol=1e-4, atol=1e-4)
    assert (features[:, 1:][~present] == 0).all()


def test_own_boxes_stand_in_for_the_proposals_of_their_picture(tower: CompactTower) -> None:
    pixels = torch.randn(2, 3, 224, 224)
    own = torch.zeros(2, 36, 4)
    own[:, 0] = torch.tensor([0.5, 0.5, 1.0, 1.0])
    own[:, 1] = torch.tensor([0.0, 0.1, 0.3, 0.9])
    boxes, labels, scores, features = tower(pixels, own, torch.tensor([0.0, 1.0]))
    for mixed, proposed in zip((boxes, labels, scores, features), tower(pixels), strict=True):
        torch.testing.assert_close(mixed[0], proposed[0])
    assert torch.equal(boxes[1], own[1])
    assert (labels[1] == 0).all()
    assert scores[1].tolist() == [1.0, 1.0] + [0.0] * 34
    rows = tower.region_rows(tower.encode(pixels)[0], own)
    torch.testing.assert_close(features[1, 1:3], rows[1, :2])
    assert (features[1, 3:] == 0).all()
    torch.testing.assert_close(features[1, 0], tower(pixels)[3][1, 0])


def test_a_picture_may_bring_no_boxes_at_all(tower: CompactTower) -> None:
    scores, features = tower(torch.randn(1, 3, 224, 224), torch.zeros(1, 36, 4), torch.ones(1))[2:]
    assert (scores == 0).all() and (features[:, 1:] == 0).all()
    assert (features[:, 0] != 0).any()


def test_the_image_row_sees_the_whole_picture(tower: CompactTower) -> None:
    pixels = torch.randn(1, 3, 224, 224)
    mirrored = tower(pixels.flip(-1))[3]
    shifted = tower(pixels * 0.5 + 1)[3]
    original = tower(pixels)[3]
    assert not torch.allclose(original[:, 0], shifted[:, 0], atol=1e-2)
    assert mirrored.shape == original.shape


def test_the_published_size_stays_small() -> None:
    parameters = sum(p.numel() for p in CompactTower(TowerConfig()).parameters())
    assert parameters < 6_500_000
