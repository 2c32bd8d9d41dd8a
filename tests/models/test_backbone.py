from __future__ import annotations

import torch

from models.backbone import Backbone, BasicBlock, FeaturePyramid
from models.tower_config import TowerConfig

SMALL = TowerConfig(widths=(8, 8, 16, 16), depths=(1, 1, 1, 1), pyramid_width=8)


def test_stages_have_strides_8_16_and_32() -> None:
    stages = Backbone(SMALL)(torch.randn(2, 3, 64, 64))
    assert [tuple(stage.shape) for stage in stages] == [(2, 8, 8, 8), (2, 16, 4, 4), (2, 16, 2, 2)]


def test_a_fresh_block_passes_its_input_through() -> None:
    maps = torch.rand(2, 8, 6, 6)
    assert torch.equal(BasicBlock(8, 8, 1)(maps), maps)


def test_pyramid_brings_the_last_stage_to_the_fine_map() -> None:
    torch.manual_seed(0)
    pyramid = FeaturePyramid(SMALL).eval()
    stages = [torch.zeros(1, 8, 8, 8), torch.zeros(1, 16, 4, 4), torch.zeros(1, 16, 2, 2)]
    without = pyramid(stages)
    changed = pyramid([*stages[:2], torch.randn(1, 16, 2, 2)])
    assert changed.fine.shape == (1, 8, 8, 8)
    assert changed.coarse.shape == (1, 8, 4, 4)
    assert not torch.equal(changed.fine, without.fine)


def test_pyramid_accepts_odd_grids() -> None:
    maps = FeaturePyramid(SMALL)(Backbone(SMALL)(torch.randn(2, 3, 176, 176)))
    assert maps.fine.shape[-2:] == (22, 22)
    assert maps.coarse.shape[-2:] == (11, 11)
    assert maps.last.shape[-2:] == (6, 6)
