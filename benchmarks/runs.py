"""Closed-loop runs: clients that send a request as soon as they have a response."""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}

Ask = Callable[[int], Awaitable[bool]]
"""Sends the request of this number and waits for its response; whether it succeeded."""


@dataclass(frozen=True, slots=True)
class Run:
    """The measurements of a window of so many seconds.

    latencies_s: of the requests that finished in it. failures: number of failed requests.
    cpu_share: cores used by the clients, None if they are in the server's process. peak_bytes: the
    server's peak memory, None if it was not measured.
    """

    clients: int
    seconds: float
    latencies_s: tuple[float, ...]
    failures: int = 0
    cpu_share: float | None = None
    peak_bytes: int | None = None

    @property
    def rate(self) -> float:
        """Requests/s."""
        return len(self.latencies_s) / self.seconds

    def quantile_ms(self, share: float) -> float:
        """The latency quantile of this share, in milliseconds."""
        return quantile(self.latencies_s, share) * 1000

    def values(self) -> dict[str, Any]:
        """The run as values for JSON."""
        return asdict(self)

    @classmethod
    def of_values(cls, values: dict[str, Any]) -> Run:
        """The run from `values`; TypeError on unknown or missing keys."""
        return cls(**{**values, "latencies_s": tuple(values["latencies_s"])})


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that `share` of them do not exceed; NaN where there are none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians over runs with one number of clients; latencies in milliseconds.

    peak_bytes is the maximum, failures the sum. runs: the number of runs.
    """

    clients: int
    rate: float
    p50: float
    p95: float
    p99: float
    peak_bytes: int | None
    failures: int
    runs: int

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Figures:
        """The figures of at least one run, all with the same number of clients."""
        latencies = {
            name: statistics.median(run.quantile_ms(share) for run in runs)
            for name, share in QUANTILES.items()
        }
        peaks = [run.peak_bytes for run in runs if run.peak_bytes is not None]
        return cls(
            clients=runs[0].clients,
            rate=statistics.median(run.rate for run in runs),
            peak_bytes=max(peaks, default=None),
            failures=sum(run.failures for run in runs),
            runs=len(runs),
            **latencies,
        )


async def closed_loop(ask: Ask, clients: int, seconds: float) -> Run:
    """Send requests from so many clients and measure for so many seconds.

    The window starts after as many responses as there are clients, when the queue has its steady
    length. Requests in flight at its end are dropped.
    """
    window = _Window(clients, seconds)
    asking = [asyncio.ensure_future(_client(ask, window)) for _ in range(clients)]
    closing = asyncio.ensure_future(window.closed.wait())
    try:
        # a client ends after the window, or with an error
        await asyncio.wait({closing, *asking}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (closing, *asking):
            task.cancel()
        results = await asyncio.gather(*asking, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
    return Run(clients, window.seconds, tuple(window.latencies_s), window.failures)


async def answers(ask: Callable[[int], Awaitable[str]], count: int, clients: int) -> list[str]:
    """The answers to `count` requests, in order, from so many concurrent clients."""
    found = [""] * count
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            found[number] = await ask(number)

    await asyncio.gather(*(work() for _ in range(clients)))
    return found


class _Window:
    """The start and end of the measurement, and its values."""

    def __init__(self, clients: int, seconds: float) -> None:
        self.seconds = seconds
        self.latencies_s: list[float] = []
        self.failures = 0
        self.closed = asyncio.Event()
        self._to_come = clients
        self._asked = 0
        self._until = math.inf

    def next(self) -> int:
        """The number of the next request."""
        self._asked += 1
        return self._asked - 1

    def note(self, began: float, good: bool) -> None:
        """Record a response."""
        now = time.perf_counter()
        if now >= self._until:
            self.closed.set()
        elif self._until < math.inf:
            self.latencies_s.append(now - began)
            self.failures += not good
        else:
            self._to_come -= 1
            if self._to_come <= 0:
                self._until = now + self.seconds
                asyncio.get_running_loop().call_later(self.seconds, self.closed.set)


async def _client(ask: Ask, window: _Window) -> None:
    while not window.closed.is_set():
        began = time.perf_counter()
        window.note(began, await ask(window.next()))
