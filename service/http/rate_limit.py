"""How often a key may be used."""

from __future__ import annotations

import time
from collections.abc import Callable


class TokenBucket:
    """A token bucket: filled with `per_minute` tokens, refilled evenly, one taken a request."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(per_minute)
        self._per_second = per_minute / 60.0
        self._clock = clock
        self._tokens = self._most
        self._seen = clock()

    def take(self) -> float:
        """Take a token: 0; where there is none: the seconds until there is one."""
        now = self._clock()
        self._tokens = min(self._most, self._tokens + (now - self._seen) * self._per_second)
        self._seen = now
        if self._tokens < 1.0:
            return (1.0 - self._tokens) / self._per_second
        self._tokens -= 1.0
        return 0.0
