"""EfficientNet-Lite backbone and feature pyramid of the compact visual tower."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.tower_config import TowerConfig

STEM_WIDTH, EXPANSION = 32, 6
KERNELS = (3, 3, 5, 3, 5, 5, 3)
STRIDES = (1, 2, 2, 2, 1, 2, 1)
EPSILON = 1e-3
"""What does not vary among EfficientNet-Lites (Tan and Le, 2019, without squeeze-excitation)."""

FINE, COARSE, LAST = 2, 4, 6
"""The stages that end at strides 8, 16 and 32."""


class FeatureMaps(NamedTuple):
    """Maps of one batch at three strides.

    ``fine``: (B, pyramid_width, H/8, W/8); ``coarse``: (B, pyramid_width, H/16, W/16);
    ``last``: (B, widths[-1], H/32, W/32), the backbone's last stage.
    """

    fine: Tensor
    coarse: Tensor
    last: Tensor


def convolution(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    """Convolution with 'same' padding, followed by batch normalisation."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


class SameConvolution(nn.Conv2d):
    """Convolution padded as TensorFlow does: where a row is too many, it goes to the far side."""

    def forward(self, maps: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, ceil(H / stride), ceil(W / stride))."""
        stride, kernel = self.stride[0], self.kernel_size[0]
        if stride == 1:
            return self._conv_forward(maps, self.weight, self.bias)
        missing = [max(0, (-(-s // stride) - 1) * stride + kernel - s) for s in maps.shape[-2:]]
        rows, columns = missing
        sides = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
        return self._conv_forward(functional.pad(maps, sides), self.weight, self.bias)


def _normalised(
    inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    padding = kernel // 2 if stride == 1 else 0
    return nn.Sequential(
        SameConvolution(inputs, outputs, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, eps=EPSILON),
    )


class InvertedResidual(nn.Module):
    """Widen, filter every channel apart, narrow (Sandler et al., 2018, figure 3)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = _normalised(inputs, hidden) if expansion > 1 else None
        self.depthwise = _normalised(hidden, hidden, kernel, stride, groups=hidden)
        self.project = _normalised(hidden, outputs)
        self.shortcut = inputs == outputs and stride == 1

    def forward(self, maps: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H/stride, W/stride)."""
        hidden = functional.relu6(self.expand(maps)) if self.expand is not None else maps
        hidden = self.project(functional.relu6(self.depthwise(hidden)))
        return hidden + maps if self.shortcut else hidden


class Backbone(nn.Module):
    """EfficientNet-Lite up to its last stage; by default Lite0."""

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        self.stem = _normalised(3, STEM_WIDTH, 3, stride=2)
        width, stages = STEM_WIDTH, []
        layout = zip(config.widths, config.depths, KERNELS, STRIDES, strict=True)
        for index, (outputs, depth, kernel, stride) in enumerate(layout):
            expansion = EXPANSION if index else 1
            blocks = [InvertedResidual(width, outputs, kernel, stride, expansion)]
            blocks += [
                InvertedResidual(outputs, outputs, kernel, 1, expansion) for _ in range(depth - 1)
            ]
            stages.append(nn.Sequential(*blocks))
            width = outputs
        self.stages = nn.ModuleList(stages)

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """(B, 3, H, W) -> the maps at strides 8, 16 and 32."""
        maps = functional.relu6(self.stem(pixels))
        outputs = []
        for stage in self.stages:
            maps = stage(maps)
            outputs.append(maps)
        return [outputs[FINE], outputs[COARSE], outputs[LAST]]


class FeaturePyramid(nn.Module):
    """Top-down pathway (Lin et al., 2017) from stride 32 to stride 8 with image context."""

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        width = config.pyramid_width
        ends = [config.widths[stage] for stage in (FINE, COARSE, LAST)]
        self.laterals = nn.ModuleList(nn.Conv2d(w, width, 1) for w in ends)
        self.context = nn.Conv2d(ends[-1], width, 1)
        self.smooth_middle = convolution(width, width, 3)
        self.smooth = convolution(width, width, 3)

    def forward(self, stages: list[Tensor]) -> FeatureMaps:
        """Maps at strides 8, 16, 32 -> :class:`FeatureMaps`."""
        fine, coarse, last = stages
        pooled = last.mean((2, 3), keepdim=True)  # (B, widths[-1], 1, 1)
        top = self.laterals[2](last) + self.context(pooled)  # (B, width, H/32, W/32)
        middle = functional.interpolate(top, size=coarse.shape[-2:], mode="nearest")
        middle = self.laterals[1](coarse) + middle  # (B, width, H/16, W/16)
        middle = torch.relu(self.smooth_middle(middle))
        bottom = functional.interpolate(middle, size=fine.shape[-2:], mode="nearest")
        bottom = self.laterals[0](fine) + bottom  # (B, width, H/8, W/8)
        return FeatureMaps(torch.relu(self.smooth(bottom)), middle, last)
