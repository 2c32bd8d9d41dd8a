"""Decoder steps recorded once and played back: on CUDA, hundreds of launches become one.

What is recorded has fixed shapes and addresses. So a step is rounded up to the next recorded number
of slots and tokens, and reads what stands there: what is too much is hidden by the masks that hide
it anyway, and slots that nobody uses are written where whoever comes next writes first.

All recordings are made before the first request, and share one pool of memory: they are played one
after the other, and what one leaves is read before the next.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import torch
from torch import Tensor

from models.layout import Layout
from service.engine.streams import NO_LOCK

log = logging.getLogger(__name__)

MOST_RECORDINGS = 32
"""Each takes memory of its own beside the pool, and a moment when the service starts."""

_STEPS = (64,)
_LENGTHS = (128,)
_TRIES = 2
_TOLERANCE = 1e-2
"""By how much of their size recorded states may differ from others: kernels go by shapes."""

Work = Callable[[], Tensor]
GraphRecorder = Callable[[Work], Work]
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


class _Shape(NamedTuple):
    """How many slots, steps and tokens of prompts a recording reaches to."""

    slots: int
    steps: int
    length: int

    def covers(self, other: _Shape) -> bool:
        return all(mine >= its for mine, its in zip(self, other, strict=True))


class CudaGraphCache:
    """Steps by how many slots, steps and tokens of prompts they reach to.

    Args:
        record: what makes a recording.
        step: the states (B, d) after a step of inputs, of which the last argument is how far
            prompts are read.
        slots, steps, length: the most of each.
        device: where inputs are kept.
        lock: held while a recording is made.
    """

    def __init__(
        self,
        record: GraphRecorder,
        step: Callable[[Inputs, int], Tensor],
        slots: int,
        steps: int,
        length: int,
        device: torch.device,
        lock: AbstractContextManager[object] = NO_LOCK,
    ) -> None:
        self._record, self._step, self._device, self._lock = record, step, device, lock
        sizes = [slots, *(1 << n for n in reversed(range(slots.bit_length())) if 1 << n < slots)]
        ranges = [steps, *(size for size in _STEPS if size < steps)]
        lengths = [length, *(size for size in _LENGTHS if size < length)]
        # the largest first: the others find room in what it has left of the pool
        shapes = [_Shape(*shape) for shape in product(sizes, ranges, lengths)]
        self._shapes = shapes[:MOST_RECORDINGS]
        self._made: list[tuple[_Shape, Inputs, Work]] = []

    def capture(self) -> None:
        """Record all shapes; no slot may be in use. One that fails is computed step by step."""
        self._made = []
        for shape in self._shapes:
            made = next(filter(None, (self._make(shape) for _ in range(_TRIES))), None)
            if made is not None:
                self._made.insert(0, (shape, *made))
        if lost := len(self._shapes) - len(self._made):
            log.warning("%d of %d decoder steps are not recorded", lost, len(self._shapes))

    def play(
        self, tokens: Sequence[int], depths: Sequence[int], places: Sequence[int], length: int
    ) -> Tensor | None:
        """The states (S, d) of S slots; None where no recording reaches so far."""
        wanted = _Shape(len(tokens), max(places) + 1, length)
        found = next((made for made in self._made if made[0].covers(wanted)), None)
        if found is None:
            return None
        _, inputs, work = found
        told = torch.tensor([list(tokens), list(depths), list(places)])
        inputs.values.zero_()
        inputs.values[:, : len(tokens)] = told.to(self._device)
        return work()[: len(tokens)]

    def _make(self, shape: _Shape) -> tuple[Inputs, Work] | None:
        """A recording that is as good as what it records, or None."""
        inputs = Inputs.of(shape.slots, shape.steps, self._device)

        def step() -> Tensor:
            return self._step(inputs, shape.length)

        try:
            with self._lock:
                work = self._record(step)
                inputs.values[0] = 1  # other tokens than it was recorded with
                wanted = step().clone()
                if not _alike(work(), wanted):
                    raise RuntimeError("what was recorded is not what is computed")
        except Exception:
            log.warning("a decoder step of %s cannot be recorded", shape, exc_info=True)
            return None
        return inputs, work


def recorder_for(device: torch.device) -> GraphRecorder | None:
    """How steps are recorded on a device; None where there is nothing to win by it."""
    return CudaGraphRecorder() if device.type == "cuda" else None


class CudaGraphRecorder:
    """Makes CUDA graphs that share a pool of memory."""

    def __init__(self) -> None:
        self._pool: Any = None

    def __call__(self, work: Work) -> Work:
        """A graph of `work`, which has been done once before on a stream of its own."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            work()
        torch.cuda.current_stream().wait_stream(stream)
        if self._pool is None:
            self._pool = torch.cuda.graph_pool_handle()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            states = work()

        def play() -> Tensor:
            graph.replay()
            return states

        return play


def _alike(states: Tensor, wanted: Tensor) -> bool:
    difference = (states.float() - wanted.float()).abs().max()
    return bool(difference <= _TOLERANCE * wanted.float().abs().max())
