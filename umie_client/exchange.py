"""A call from its first try to its answer, as steps that somebody else takes.

The synchronous and the asynchronous client differ in how they send and wait, and in nothing else.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx

from umie_client.call import Call
from umie_client.errors import ClientError, TimedOut, Unreachable
from umie_client.reply import REQUEST_ID, Reply, refusal_in
from umie_client.retries import Retries

_CONNECT_S = 10.0
"""An address where nothing answers is not waited for until the call's time is up."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send the call; answer with what came of it. `seconds` are left for all of it."""

    call: Call[Any]
    seconds: float
    request_id: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers of this try."""
        return {**self.call.headers, REQUEST_ID: self.request_id}

    @property
    def timeout(self) -> httpx.Timeout:
        """The limits of each operation."""
        return httpx.Timeout(self.seconds, connect=min(self.seconds, _CONNECT_S))


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for some seconds; answer with None."""

    seconds: float


Heard: TypeAlias = Reply | httpx.RequestError | None
Steps: TypeAlias = Generator[Send | Wait, Heard, Reply]


def exchange(
    call: Call[Any],
    timeout_s: float,
    retries: Retries,
    now: Callable[[], float],
) -> Steps:
    """The steps of a call; returns the answer with which it ends.

    Everything together takes at most `timeout_s` seconds by the clock `now`: a pause that would not
    leave time for another try is not begun. Raises the errors of `umie_client.errors`; the last
    one, if several tries failed.
    """
    until = now() + timeout_s
    request_id = uuid.uuid4().hex
    failures: list[ClientError] = []
    while True:
        heard = yield Send(call, max(until - now(), 0.0), request_id)
        assert heard is not None
        failure = _failure_in(heard, call, request_id, timeout_s)
        if failure is None:
            assert isinstance(heard, Reply)
            return heard
        failures.append(failure)
        pause = None if call.probe else retries.pause_s(failures)
        if pause is None or now() + pause >= until:
            raise failure from (None if isinstance(heard, Reply) else heard)
        yield Wait(pause)


def _failure_in(
    heard: Reply | httpx.RequestError, call: Call[Any], request_id: str, timeout_s: float
) -> ClientError | None:
    if isinstance(heard, Reply):
        return None if call.probe else refusal_in(heard)
    if isinstance(heard, httpx.TimeoutException) and not isinstance(heard, httpx.ConnectTimeout):
        return TimedOut(f"no answer within {timeout_s:g} s", request_id=request_id)
    told = str(heard) or type(heard).__name__
    return Unreachable(f"cannot reach the service: {told}", request_id=request_id)
