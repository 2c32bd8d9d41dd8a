"""Runs concurrent computations of the same key once."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from service.engine.deadline import within

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(eq=False)
class _Flight(Generic[T]):
    task: asyncio.Task[T]
    callers: int = 0


class SingleFlight(Generic[K, T]):
    """Shares one task per key among all callers that arrive while it runs; for one event loop.

    A caller can be cancelled alone, for example at its deadline; when the last one is, the task is
    cancelled. An exception is raised in every caller. Nothing is kept after the task.
    """

    def __init__(self) -> None:
        """Create it without tasks."""
        self._flights: dict[K, _Flight[T]] = {}

    def __contains__(self, key: K) -> bool:
        """Whether a task for `key` is running."""
        return key in self._flights

    async def do(self, key: K, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the result of the running task for `key`, or start `work` as one."""
        flight = self._flights.get(key)
        if flight is None:
            with within(math.inf):  # later callers may have later deadlines than the first
                flight = _Flight(asyncio.ensure_future(work()))
            self._flights[key] = flight
            flight.task.add_done_callback(lambda _: self._forget(key, flight))
        flight.callers += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.callers -= 1
            if not flight.callers and not flight.task.done():
                self._forget(key, flight)
                flight.task.cancel()

    def _forget(self, key: K, flight: _Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
