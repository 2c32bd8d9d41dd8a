from __future__ import annotations

import pytest
import torch

from models.backbone import Backbone, FeaturePyramid, InvertedResidual, SameConvolution
from models.tower_config import TowerConfig

SMALL = TowerConfig(widths=(8, 8, 8, 8, 16, 16, 24), depths=(1,) * 7, pyramid_width=8)


def test_stages_have_strides_8_16_and_32() -> None:
    stages = Backbone(SMALL)(torch.randn(2, 3, 64, 64))
    assert [tuple(stage.shape) for stage in stages] == [(2, 8, 8, 8), (2, 16, 4, 4), (2, 24, 2, 2)]


def test_default_sizes_are_those_of_lite0() -> None:
    with torch.device("meta"):
        backbone = Backbone(TowerConfig())
    head = 320 * 1280 + 2 * 1280 + 1280 * 1000 + 1000
    assert sum(p.numel() for p in backbone.parameters()) == 4_652_008 - head


def test_a_block_adds_to_its_input_where_shapes_allow() -> None:
    torch.manual_seed(0)
    maps = torch.rand(2, 8, 6, 6)
    block = InvertedResidual(8, 8, 3, 1, 2).eval()
    torch.nn.init.zeros_(block.project[0].weight)  # type: ignore[arg-type]
    assert torch.equal(block(maps), maps)
    assert InvertedResidual(8, 8, 5, 2, 2)(maps).shape == (2, 8, 3, 3)
    assert InvertedResidual(8, 4, 3, 1, 2)(maps).shape == (2, 4, 6, 6)


@pytest.mark.parametrize("size", [7, 8, 9])
@pytest.mark.parametrize("kernel", [3, 5])
def test_padding_goes_to_the_far_side(size: int, kernel: int) -> None:
    """Of an even size TensorFlow's first window begins in the picture, not before it."""
    layer = SameConvolution(1, 1, kernel, 2, bias=False)
    torch.nn.init.ones_(layer.weight)
    maps = torch.zeros(1, 1, size, size)
    maps[..., 0, 0] = 1.0
    out = layer(maps)
    assert out.shape[-1] == -(-size // 2)
    before = max(0, (out.shape[-1] - 1) * 2 + kernel - size) // 2
    reached = len([k for k in range(out.shape[-1]) if 2 * k - before <= 0])
    assert int(out.sum()) == reached**2


def test_pyramid_brings_the_last_stage_to_the_fine_map() -> None:
    torch.manual_seed(0)
    pyramid = FeaturePyramid(SMALL).eval()
    stages = [torch.zeros(1, 8, 8, 8), torch.zeros(1, 16, 4, 4), torch.zeros(1, 24, 2, 2)]
    without = pyramid(stages)
    changed = pyramid([*stages[:2], torch.randn(1, 24, 2, 2)])
    assert changed.fine.shape == (1, 8, 8, 8)
    assert changed.coarse.shape == (1, 8, 4, 4)
    assert not torch.equal(changed.fine, without.fine)


def test_pyramid_accepts_odd_grids() -> None:
    maps = FeaturePyramid(SMALL)(Backbone(SMALL)(torch.randn(2, 3, 176, 176)))
    assert maps.fine.shape[-2:] == (22, 22)
    assert maps.coarse.shape[-2:] == (11, 11)
    assert maps.last.shape[-2:] == (6, 6)
