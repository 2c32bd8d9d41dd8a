"""Training by several processes on one machine, each with batches of its own.

Two processes with a thread each learn nearly twice as fast as one with two threads: half of a step
are operations that do not split. Started by torchrun, which sets RANK and WORLD_SIZE.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor, nn


class ProcessGroup:
    """The processes of a run; a single one without torchrun.

    `rank` counts them from 0, `size` is their number.
    """

    def __init__(self) -> None:
        self.rank = int(os.environ.get("RANK", "0"))
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        if self.size > 1 and not dist.is_initialized():
            dist.init_process_group("gloo")

    @property
    def leads(self) -> bool:
        """Whether this process writes files and logs."""
        return self.rank == 0

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Give every process the mean of all processes' gradients; a missing one counts as 0."""
        if self.size == 1:
            return
        learned = [p for p in parameters if p.requires_grad]
        flat = torch.cat(
            [(p.grad if p.grad is not None else torch.zeros_like(p)).flatten() for p in learned]
        )
        dist.all_reduce(flat)
        flat /= self.size
        at = 0
        for parameter in learned:
            part = flat[at : at + parameter.numel()].view_as(parameter)
            if parameter.grad is None:
                parameter.grad = part.clone()
            else:
                parameter.grad.copy_(part)
            at += parameter.numel()

    def share(self, tensors: Iterable[Tensor]) -> None:
        """Give every process the first one's values."""
        if self.size > 1:
            for tensor in tensors:
                dist.broadcast(tensor, 0)
