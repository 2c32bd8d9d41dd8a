"""By when the request at hand must be answered; whoever works for it can ask."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_DEADLINE: ContextVar[float] = ContextVar("deadline", default=math.inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Work that is begun in this context, tasks included, has until `seconds` from now."""
    token = _DEADLINE.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def deadline() -> float:
    """The moment in seconds of the monotonic clock; infinite where nobody set one."""
    return _DEADLINE.get()
