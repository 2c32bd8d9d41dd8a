"""Limit the requests in flight, and estimate when a refused one may be retried."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tasks.errors import QueueFull

_WINDOW_S = 10.0
_MAX_RETRY_AFTER_S = 30


class ConcurrencyLimit:
    """Admits at most `limit` requests at once and measures their throughput."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._completed: deque[float] = deque(maxlen=4096)
        self.in_flight = 0

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Hold a slot for one request; raises `QueueFull` where all are taken."""
        if self.in_flight >= self._limit:
            raise QueueFull(f"the service already handles {self._limit} requests, its limit")
        self.in_flight += 1
        try:
            yield
            self._completed.append(self._clock())
        finally:
            self.in_flight -= 1

    def retry_after_s(self, default_s: int) -> int:
        """Seconds until the requests in flight complete at the recent throughput, 1 to 30.

        Args:
            default_s: the result where no request completed in the last 10 seconds.
        """
        now = self._clock()
        recent = [completed for completed in self._completed if now - completed <= _WINDOW_S]
        if not recent:
            return default_s
        throughput = len(recent) / max(now - recent[0], 1.0)
        return min(_MAX_RETRY_AFTER_S, max(1, math.ceil(self.in_flight / throughput)))
