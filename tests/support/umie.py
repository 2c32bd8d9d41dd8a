"""Small inputs and our network with a published state's weights."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from export.published import from_published
from models.umie import UMIE
from tests.support.published import Published, Sizes, published_state

GATED_UNTIED, RELU_TIED = Sizes(), Sizes(gated=False, tied=True)


class Inputs(NamedTuple):
    """ids and mask (B, L), features (B, 37, 512), boxes (B, 37, 4), prefixes (B, T)."""

    ids: Tensor
    mask: Tensor
    features: Tensor
    boxes: Tensor
    prefixes: Tensor


def small_inputs(length: int = 24, steps: int = 20, seed: int = 1) -> Inputs:
    """Three samples, the first without padding."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.tensor([[length], [length // 2], [length - 3]])
    mask = (torch.arange(length) < lengths).long()
    ids = torch.randint(2, 50, (3, length), generator=generator) * mask
    prefixes = torch.randint(2, 50, (3, steps), generator=generator)
    prefixes[:, 0] = 0
    features = torch.randn(3, 37, 512, generator=generator)
    return Inputs(ids, mask, features, torch.rand(3, 37, 4, generator=generator), prefixes)


def both(sizes: Sizes) -> tuple[UMIE, Published]:
    """Our network and the published one with the same weights, gate pooling as published."""
    state = published_state(sizes)
    config, weights, _ = from_published(state)
    model = UMIE(config.with_(gate_pool="all"))
    model.load_state_dict(weights)
    return model.eval().requires_grad_(False), Published(state, sizes)
