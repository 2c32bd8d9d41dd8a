"""Data-parallel training with several processes on one machine.

Two processes with one thread each train nearly twice as fast as one with two threads: half of a
step is operations that do not parallelise. Start them with torchrun; it sets RANK and WORLD_SIZE.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor, nn


class ProcessGroup:
    """The processes of a run; a single process without torchrun.

    `rank` is this process's number from 0, `size` the number of processes.
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
        """Replace gradients by their mean over all processes; a missing gradient counts as 0."""
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
        """Copy the values of the first process to all processes."""
        if self.size > 1:
            for tensor in tensors:
                dist.broadcast(tensor, 0)
