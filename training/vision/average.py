"""Moving average of the weights."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import nn


class WeightAverage:
    """An exponential moving average ``tower`` of a module, its buffers included."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.tower = deepcopy(module).requires_grad_(False).eval()
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move towards ``module``; quickly at first, while little has been averaged."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        mine, theirs = self.tower.state_dict(), module.state_dict()
        for name, value in mine.items():
            if value.is_floating_point():
                value.lerp_(theirs[name], 1 - decay)
            else:
                value.copy_(theirs[name])
