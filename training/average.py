"""A moving average of weights, which is what a training run ships."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


def all_weights(module: nn.Module) -> dict[str, Tensor]:
    """The module's whole state."""
    return module.state_dict()


class WeightAverage:
    """An exponential moving average of a module's state, buffers included, as a state dict.

    `weights` tells which of them: those that rest need no average.
    """

    def __init__(
        self,
        module: nn.Module,
        decay: float,
        weights: Callable[[nn.Module], dict[str, Tensor]] = all_weights,
    ) -> None:
        self.weights = weights
        self.state = {name: value.detach().clone() for name, value in weights(module).items()}
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move towards `module`; quickly at first, while little has been averaged."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, value in self.weights(module).items():
            if value.is_floating_point():
                self.state[name].lerp_(value.detach(), 1 - decay)
            else:
                self.state[name].copy_(value)

    @torch.no_grad()
    def follow(self, module: nn.Module, prefix: str) -> None:
        """Forget the average of the weights whose names begin with `prefix`: take `module`'s."""
        for name, value in self.weights(module).items():
            if name.startswith(prefix):
                self.state[name].copy_(value)
