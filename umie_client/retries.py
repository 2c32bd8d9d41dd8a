"""When a request is sent again, and after how long."""

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

LONGEST_ADVICE_S = 60.0
"""A service that asks for more than this is not waited for."""


@dataclass(frozen=True, slots=True)
class Retries:
    """Up to `most` further tries, with pauses that grow from `first_s` to `longest_s` seconds.

    Sent again is what met a broken connection, 429, 502 or 503: a request changes nothing in the
    service, so one that was lost may be repeated. 504 is repeated once: the service worked on the
    request until its own deadline, a second try may find a shorter queue, and a third would add to
    what makes everybody late. No other status is: the answer would be the same.

    A pause is what `Retry-After` asks for, plus a random part of the growing one, so that clients
    that were refused together do not come back together.
    """

    most: int = 4
    first_s: float = 0.5
    longest_s: float = 8.0
    uniform: Callable[[float, float], float] = random.uniform

    def pause_s(self, failures: Sequence[ClientError]) -> float | None:
        """The seconds before the next try after these failures, oldest first; None to give up."""
        last, count = failures[-1], len(failures)
        if count > self.most or not self._passes(failures):
            return None
        grown = self.first_s * 2.0 ** min(count - 1, 32)
        pause = self.uniform(0.0, min(grown, self.longest_s))
        advice = last.retry_after_s if isinstance(last, Refused) else None
        if advice is None:
            return pause
        return None if advice > LONGEST_ADVICE_S else advice + pause

    def _passes(self, failures: Sequence[ClientError]) -> bool:
        if isinstance(failures[-1], TooLate):
            return sum(isinstance(failure, TooLate) for failure in failures) == 1
        return isinstance(failures[-1], (Unreachable, TooManyRequests, Unavailable))
