"""The moving average of weights; a training run exports the average."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


def all_weights(module: nn.Module) -> dict[str, Tensor]:
    """The whole state of a module: parameters and buffers."""
    return module.state_dict()


class WeightAverage:
    """An exponential moving average of a module's state, buffers included, as a state dict.

    `weights` selects the averaged part: frozen weights need no average.
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
        """Move the average towards `module`; the decay is smaller during the first updates."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, value in self.weights(module).items():
            if value.is_floating_point():
                self.state[name].lerp_(value.detach(), 1 - decay)
            else:
                self.state[name].copy_(value)

    @torch.no_grad()
    def follow(self, module: nn.Module, prefix: str) -> None:
        """Reset the average of the weights whose names start with `prefix` to `module`'s values."""
        for name, value in self.weights(module).items():
            if name.startswith(prefix):
                self.state[name].copy_(value)
