"""How many requests are answered at once, and how fast they are."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tasks.errors import QueueFull

_WINDOW_S = 10.0
_LONGEST_S = 30


class ConcurrencyLimit:
    """Lets at most `limit` requests in at once and measures how quickly they leave."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._left: deque[float] = deque(maxlen=4096)
        self.inside = 0

    @contextmanager
    def enter(self) -> Iterator[None]:
        """A place for one request; raises `QueueFull`."""
        if self.inside >= self._limit:
            raise QueueFull(f"{self._limit} requests are being answered already")
        self.inside += 1
        try:
            yield
            self._left.append(self._clock())
        finally:
            self.inside -= 1

    def retry_after_s(self, usual: int) -> int:
        """Whole seconds until those inside have left at the pace of the last ones, 1 to 30.

        `usual` where nothing was answered lately, so that there is no pace.
        """
        now = self._clock()
        lately = [left for left in self._left if now - left <= _WINDOW_S]
        if not lately:
            return usual
        pace = len(lately) / max(now - lately[0], 1.0)
        return min(_LONGEST_S, max(1, math.ceil(self.inside / pace)))
