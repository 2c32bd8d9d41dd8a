"""A running engine with a small bundle, and helpers to block and inspect it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

from export.bundle import Bundle
from service.engine.engine import ModelEngine
from service.engine.interface import Prompt
from service.engine.scheduler import BatchLimits
from service.observability.metrics import DROPPED, Metrics
from service.settings import Settings

LONG_S = 60.0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


def engine_of(
    bundle: Bundle,
    metrics: Metrics | None = None,
    limits: BatchLimits | None = None,
    lanes: int = 1,
    **changes: Any,
) -> ModelEngine:
    settings = {"intra_op_threads": 1, "engine_stuck_s": LONG_S, **changes}
    return ModelEngine(bundle, Settings(**settings), metrics or Metrics(), limits, lanes)


@asynccontextmanager
async def running(
    bundle: Bundle,
    metrics: Metrics | None = None,
    limits: BatchLimits | None = None,
    lanes: int = 1,
    **changes: Any,
) -> AsyncIterator[ModelEngine]:
    engine = engine_of(bundle, metrics, limits, lanes, **changes)
    engine.start()
    try:
        await until(lambda: engine.ready)
        yield engine
    finally:
        await engine.aclose()


class Gate:
    """Blocks one of the engine's threads before fusion or before a step, until it is opened."""

    def __init__(
        self,
        engine: ModelEngine,
        then: Callable[[], None] = lambda: None,
        before: Literal["fuse", "step"] = "fuse",
    ) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()
        inner = getattr(engine._generator, before)

        def hold(*arguments: Any) -> Any:
            self.entered.set()
            assert self.opened.wait(30)
            then()
            return inner(*arguments)

        setattr(engine._generator, before, hold)


class Counted:
    """Counts batched items since its creation, so without warm-up."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._before = {stage: self._sum(stage) for stage in ("read", "see")}

    def __call__(self, stage: str) -> float:
        return self._sum(stage) - self._before[stage]

    def _sum(self, stage: str) -> float:
        value = self._metrics.registry.get_sample_value("umie_batch_size_sum", {"stage": stage})
        return value or 0.0


def dropped(metrics: Metrics) -> dict[str, float]:
    """Return how many jobs were dropped, by reason."""
    values = {
        reason: metrics.registry.get_sample_value("umie_dropped_jobs_total", {"reason": reason})
        for reason in DROPPED
    }
    return {reason: value for reason, value in values.items() if value}


def broken(prompt: Prompt) -> Prompt:
    """Return the prompt of a pair without its pair, which is invalid."""
    return Prompt(prompt.source, prompt.form)
