"""A moving average of weights, which is what a training run ships."""

from __future__ import annotations

import torch
from torch import nn


class WeightAverage:
    """An exponential moving average of a module's state, buffers included, as a state dict."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.state = {name: value.detach().clone() for name, value in module.state_dict().items()}
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move towards `module`; quickly at first, while little has been averaged."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                self.state[name].lerp_(value.detach(), 1 - decay)
            else:
                self.state[name].copy_(value)

    @torch.no_grad()
    def follow(self, module: nn.Module, prefix: str) -> None:
        """Forget the average of the weights whose names begin with `prefix`: take `module`'s."""
        for name, value in module.state_dict().items():
            if name.startswith(prefix):
                self.state[name].copy_(value)
