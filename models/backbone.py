"""Residual backbone and feature pyramid of the compact visual tower."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.tower_config import TowerConfig


class FeatureMaps(NamedTuple):
    """Maps of one batch at three strides.

    ``fine``: (B, pyramid_width, H/8, W/8); ``coarse``: (B, pyramid_width, H/16, W/16);
    ``last``: (B, widths[-1], H/32, W/32), the backbone's last stage.
    """

    fine: Tensor
    coarse: Tensor
    last: Tensor


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Convolution with 'same' padding, followed by batch normalisation."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut (He et al., 2016, figure 2)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = convolution(inputs, outputs, 3, stride)
        self.second = convolution(outputs, outputs, 3)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else convolution(inputs, outputs, 1, stride)
        norm = self.second[1]
        assert isinstance(norm, nn.BatchNorm2d)
        # A block that starts as the identity trains stably from scratch (Goyal et al., 2017).
        nn.init.zeros_(norm.weight)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H/stride, W/stride)."""
        hidden = functional.relu(self.first(maps), inplace=True)
        return functional.relu(self.second(hidden) + self.shortcut(maps), inplace=True)


class Backbone(nn.Module):
    """ResNet-18's layout with narrower last stages."""

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        width = config.widths[0]
        self.stem = convolution(3, width, 7, stride=2)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        stages = []
        for index, (outputs, depth) in enumerate(zip(config.widths, config.depths, strict=True)):
            blocks: list[nn.Module] = [BasicBlock(width, outputs, 1 if index == 0 else 2)]
            blocks += [BasicBlock(outputs, outputs, 1) for _ in range(depth - 1)]
            stages.append(nn.Sequential(*blocks))
            width = outputs
        self.stages = nn.ModuleList(stages)

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """(B, 3, H, W) -> the maps at strides 8, 16 and 32."""
        maps = self.pool(functional.relu(self.stem(pixels), inplace=True))
        outputs = []
        for stage in self.stages:
            maps = stage(maps)
            outputs.append(maps)
        return outputs[1:]


class FeaturePyramid(nn.Module):
    """Top-down pathway (Lin et al., 2017) from stride 32 to stride 8 with image context."""

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        width = config.pyramid_width
        self.laterals = nn.ModuleList(nn.Conv2d(w, width, 1) for w in config.widths[1:])
        self.context = nn.Conv2d(config.widths[-1], width, 1)
        self.smooth = convolution(width, width, 3)

    def forward(self, stages: list[Tensor]) -> FeatureMaps:
        """Maps at strides 8, 16, 32 -> :class:`FeatureMaps`."""
        fine, coarse, last = stages
        pooled = last.mean((2, 3), keepdim=True)  # (B, widths[-1], 1, 1)
        top = self.laterals[2](last) + self.context(pooled)  # (B, width, H/32, W/32)
        middle = functional.interpolate(top, size=coarse.shape[-2:], mode="nearest")
        middle = self.laterals[1](coarse) + middle  # (B, width, H/16, W/16)
        bottom = functional.interpolate(middle, size=fine.shape[-2:], mode="nearest")
        bottom = self.laterals[0](fine) + bottom  # (B, width, H/8, W/8)
        return FeatureMaps(torch.relu(self.smooth(bottom)), torch.relu(middle), last)
