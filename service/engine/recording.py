"""Decoder steps recorded once and played back: on CUDA, hundreds of launches become one.

What is recorded has fixed shapes and addresses. So a step is rounded up to the next recorded number
of slots and tokens, and reads what stands there: what is too much is hidden by the masks that hide
it anyway, and slots that nobody uses are written where whoever comes next writes first.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.layout import Layout

log = logging.getLogger(__name__)

_STEPS = (32, 64, 128, 256)
_LENGTHS = (64, 128, 256)
_TOLERANCE = 1e-2
"""By how much of their size recorded states may differ from others: kernels go by shapes."""

Work = Callable[[], Tensor]
Recorder = Callable[[Work], Work]
"""Makes of work that reads and writes the same memory each time what does it again."""


@dataclass(frozen=True)
class Inputs:
    """What a recorded step of B slots reads: (3, B) next tokens, their depths and places."""

    values: Tensor
    layout: Layout

    @classmethod
    def of(cls, slots: int, steps: int, device: torch.device) -> Inputs:
        """For one token a slot; places are told later, all below `steps`."""
        values = torch.zeros(3, slots, dtype=torch.int64, device=device)
        each = torch.arange(slots, device=device)
        return cls(values, Layout(each, values[2], each[:, None], each, steps))


class Recordings:
    """Steps by how many slots, steps and tokens of prompts they reach to.

    Args:
        record: what makes a recording.
        step: the states (B, d) after a step of inputs, of which the last argument is how far
            prompts are read.
        slots, steps, length: the most of each.
        device: where inputs are kept.
    """

    def __init__(
        self,
        record: Recorder,
        step: Callable[[Inputs, int], Tensor],
        slots: int,
        steps: int,
        length: int,
        device: torch.device,
    ) -> None:
        self._record, self._step, self._device = record, step, device
        doubled = [1 << power for power in range(slots.bit_length()) if 1 << power < slots]
        self._sizes = [*doubled, slots]
        self._steps = [*(size for size in _STEPS if size < steps), steps]
        self._lengths = [*(size for size in _LENGTHS if size < length), length]
        self._made: dict[tuple[int, int, int], tuple[Inputs, Work]] = {}
        self._broken = False

    def play(
        self, tokens: Sequence[int], depths: Sequence[int], places: Sequence[int], length: int
    ) -> Tensor | None:
        """The states (S, d) of S slots; None where this machine cannot record."""
        key = (
            _least(self._sizes, len(tokens)),
            _least(self._steps, max(places) + 1),
            _least(self._lengths, length),
        )
        if self._broken:
            return None
        inputs, work = self._made.get(key) or (Inputs.of(*key[:2], self._device), None)
        told = torch.tensor([list(tokens), list(depths), list(places)])
        inputs.values.zero_()
        inputs.values[:, : len(tokens)] = told.to(self._device)
        if work is None:
            work = self._make(key, inputs)
        return work()[: len(tokens)] if work is not None else None

    def _make(self, key: tuple[int, int, int], inputs: Inputs) -> Work | None:
        """A recording that is as good as what it records, or None.

        Made of inputs that are to be computed now, since it is computed to see: a step can be done
        again and again before the next.
        """

        def step() -> Tensor:
            return self._step(inputs, key[2])

        try:
            wanted = step().clone()
            work = self._record(step)
            if not _alike(work(), wanted):
                raise RuntimeError("what was recorded is not what is computed")
        except Exception:
            log.warning("decoder steps cannot be recorded here, and are slower", exc_info=True)
            self._broken = True
            return None
        self._made[key] = inputs, work
        return work


def recorder_for(device: torch.device) -> Recorder | None:
    """How steps are recorded on a device; None where there is nothing to win by it."""
    return _record_cuda if device.type == "cuda" else None


def _record_cuda(work: Work) -> Work:
    """A CUDA graph of `work`, which has been done once or more on a stream of its own before."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    # other threads' graphs go on meanwhile
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        states = work()

    def play() -> Tensor:
        graph.replay()
        return states

    return play


def _least(sizes: Sequence[int], wanted: int) -> int:
    return sizes[bisect_left(sizes, wanted)]


def _alike(states: Tensor, wanted: Tensor) -> bool:
    difference = (states.float() - wanted.float()).abs().max()
    return bool(difference <= _TOLERANCE * wanted.float().abs().max())
