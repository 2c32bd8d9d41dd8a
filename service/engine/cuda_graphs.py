"""CUDA graphs of decoder steps: a replay replaces hundreds of kernel launches by one.

A graph has fixed shapes and addresses. So a step is rounded up to the next recorded shape. The
attention masks hide the excess positions; the excess slots are free ones, which are overwritten
before their next use.

All graphs are recorded before the first request. They share one memory pool: they run one after
another, and the output of a graph is read before the next one runs.
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
from service.engine.device import NO_LOCK

log = logging.getLogger(__name__)

MAX_GRAPHS = 32
"""Each graph needs memory beside the pool, and time when the service starts."""

_STEPS = (64,)
_LENGTHS = (128,)
_TRIES = 2
_TOLERANCE = 1e-2
"""Largest relative difference of replayed and computed states: kernels depend on shapes."""

Work = Callable[[], Tensor]
GraphRecorder = Callable[[Work], Work]
"""Records work, which must use the same memory at each call; returns a function to replay it."""


@dataclass(frozen=True)
class Inputs:
    """The inputs of a recorded step of B slots.

    Attributes:
        values: (3, B) next tokens, bracket depths, positions.
        layout: the layout of one token per slot; a view of the positions in `values`.
    """

    values: Tensor
    layout: Layout

    @classmethod
    def of(cls, slots: int, steps: int, device: torch.device) -> Inputs:
        """Allocate inputs for one token per slot, at positions below `steps`."""
        values = torch.zeros(3, slots, dtype=torch.int64, device=device)
        each = torch.arange(slots, device=device)
        return cls(values, Layout(each, values[2], each[:, None], each, steps))


class _Shape(NamedTuple):
    """The most slots, positions of a sequence and tokens of a prompt that a graph handles."""

    slots: int
    steps: int
    length: int

    def covers(self, other: _Shape) -> bool:
        return all(own >= others for own, others in zip(self, other, strict=True))


class CudaGraphCache:
    """Graphs of decoder steps, by shape.

    Args:
        record: records a graph.
        step: computes the states (B, d) of inputs, with prompts cut at the second argument.
        slots: the most slots of a step.
        steps: the most tokens of a sequence.
        length: the most tokens of a prompt.
        device: the device of the inputs.
        lock: held while a graph is recorded.
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
        # the largest first: the others fit into the memory that it leaves in the pool
        shapes = [_Shape(*shape) for shape in product(sizes, ranges, lengths)]
        self._shapes = shapes[:MAX_GRAPHS]
        self._graphs: list[tuple[_Shape, Inputs, Work]] = []

    def capture(self) -> None:
        """Record all shapes. No slot may be in use.

        Where recording fails, the steps of that shape are computed without a graph.
        """
        self._graphs = []
        for shape in self._shapes:
            graph = next(filter(None, (self._record_shape(shape) for _ in range(_TRIES))), None)
            if graph is not None:
                self._graphs.insert(0, (shape, *graph))
        if missing := len(self._shapes) - len(self._graphs):
            log.warning("%d of %d decoder steps are not recorded", missing, len(self._shapes))

    def replay(
        self, tokens: Sequence[int], depths: Sequence[int], positions: Sequence[int], length: int
    ) -> Tensor | None:
        """Run the smallest graph that covers a step.

        Args:
            tokens: the next token of each of S slots.
            depths: their bracket depths.
            positions: their positions in the sequences.
            length: the length of the longest prompt in tokens.

        Returns:
            The states (S, d); None where no graph covers the step.
        """
        needed = _Shape(len(tokens), max(positions) + 1, length)
        found = next((graph for graph in self._graphs if graph[0].covers(needed)), None)
        if found is None:
            return None
        _, inputs, work = found
        values = torch.tensor([list(tokens), list(depths), list(positions)])
        inputs.values.zero_()
        inputs.values[:, : len(tokens)] = values.to(self._device)
        return work()[: len(tokens)]

    def _record_shape(self, shape: _Shape) -> tuple[Inputs, Work] | None:
        """Record a graph and compare it with a computed step; None where that fails."""
        inputs = Inputs.of(shape.slots, shape.steps, self._device)

        def step() -> Tensor:
            return self._step(inputs, shape.length)

        try:
            with self._lock:
                work = self._record(step)
                inputs.values[0] = 1  # other tokens than those of the recording
                expected = step().clone()
                if not _close(work(), expected):
                    raise RuntimeError("the replayed states differ from the computed ones")
        except Exception:
            log.warning("a decoder step of %s cannot be recorded", shape, exc_info=True)
            return None
        return inputs, work


def recorder_for(device: torch.device) -> GraphRecorder | None:
    """Return the recorder of a device; None where graphs are not supported."""
    return CudaGraphRecorder() if device.type == "cuda" else None


class CudaGraphRecorder:
    """Records CUDA graphs that share a memory pool."""

    def __init__(self) -> None:
        self._pool: Any = None

    def __call__(self, work: Work) -> Work:
        """Record `work`, after a first run on a separate stream to initialise libraries."""
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

        def replay() -> Tensor:
            graph.replay()
            return states

        return replay


def _close(states: Tensor, expected: Tensor) -> bool:
    difference = (states.float() - expected.float()).abs().max()
    return bool(difference <= _TOLERANCE * expected.float().abs().max())
