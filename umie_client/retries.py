"""Whether and when a request is retried."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from umie_client.errors import (
    ClientError,
    Refused,
    TooLate,
    TooManyRequests,
    Unavailable,
    Unreachable,
)

MAX_RETRY_AFTER_S = 60.0
"""A longer `Retry-After` is not waited for."""


@dataclass(frozen=True, slots=True)
class Retries:
    """Retries with exponential backoff and jitter.

    Broken connections, 429, 502 and 503 are retried; requests have no side effects. 504 is retried
    once, because the service worked on the request until its deadline and more retries would add
    to its load. Other statuses are not retried: the response would be the same.

    A pause is `Retry-After` plus a random part of the backoff, so that clients that were rejected
    together do not retry together.

    Attributes:
        most: most retries.
        first_s: first backoff in seconds; it doubles with every retry.
        longest_s: largest backoff in seconds.
        uniform: draws the random part.
    """

    most: int = 4
    first_s: float = 0.5
    longest_s: float = 8.0
    uniform: Callable[[float, float], float] = random.uniform

    def pause_s(self, failures: Sequence[ClientError]) -> float | None:
        """Return the seconds before the next retry after these failures; None to give up."""
        last, count = failures[-1], len(failures)
        if count > self.most or not self._can_retry(failures):
            return None
        backoff = self.first_s * 2.0 ** min(count - 1, 32)
        pause = self.uniform(0.0, min(backoff, self.longest_s))
        retry_after_s = last.retry_after_s if isinstance(last, Refused) else None
        if retry_after_s is None:
            return pause
        return None if retry_after_s > MAX_RETRY_AFTER_S else retry_after_s + pause

    def _can_retry(self, failures: Sequence[ClientError]) -> bool:
        if isinstance(failures[-1], TooLate):
            return sum(isinstance(failure, TooLate) for failure in failures) == 1
        return isinstance(failures[-1], (Unreachable, TooManyRequests, Unavailable))
