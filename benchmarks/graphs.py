"""Measures the time of a bundle's two graphs and of decoder steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from export.bundle import Bundle
from models.candidates import candidate_logits
from service.engine import kv_slots

T = TypeVar("T")


@dataclass
class Stages:
    """Seconds and number of calls of each kind of computation."""

    seconds: dict[str, float] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)

    @property
    def total_s(self) -> float:
        """The total seconds."""
        return sum(self.seconds.values())

    def clear(self) -> None:
        """Reset all measurements."""
        self.seconds.clear()
        self.calls.clear()

    def timed(self, stage: str, work: Callable[..., T]) -> Callable[..., T]:
        """`work` with time measurement."""

        def clocked_work(*arguments: Any, **named: Any) -> T:
            started = time.perf_counter()
            try:
                return work(*arguments, **named)
            finally:
                taken = time.perf_counter() - started
                self.seconds[stage] = self.seconds.get(stage, 0.0) + taken
                self.calls[stage] = self.calls.get(stage, 0) + 1

        return clocked_work


class _Session:
    """A session that wraps another one and measures the time of `run`."""

    def __init__(self, session: Any, stage: str, stages: Stages) -> None:
        self._session = session
        self.run = stages.timed(stage, session.run)
        self.run_with_iobinding = stages.timed(stage, session.run_with_iobinding)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


@contextmanager
def clocked(bundle: Bundle, stages: Stages) -> Iterator[Bundle]:
    """The bundle with time measurement of graphs, decoder steps and candidate scoring.

    On a GPU only the time to launch them is measured.
    """
    decoder, score = bundle.decoder.decoder, candidate_logits
    decoder.step = stages.timed("decoder", decoder.step)  # type: ignore[method-assign]
    kv_slots.candidate_logits = stages.timed("head", score)  # type: ignore[attr-defined]
    visual = bundle.visual and _Session(bundle.visual, "visual", stages)
    try:
        yield replace(bundle, visual=visual, fusion=_Session(bundle.fusion, "fusion", stages))
    finally:
        kv_slots.candidate_logits = score  # type: ignore[attr-defined]
