"""Calls and their retries without I/O: a generator of steps that a client executes.

The synchronous and the asynchronous client differ only in how they send and sleep.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

import httpx

from umie_client.errors import ClientError, TimedOut, Unreachable
from umie_client.reply import REQUEST_ID, Reply, error_in
from umie_client.retries import Retries

T = TypeVar("T")

_CONNECT_S = 10.0
"""Most seconds to connect, so that an unreachable address does not use up the call's timeout."""


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request and the parser of its response.

    Attributes:
        path: path of the endpoint.
        read: converts the response; raises `UnexpectedAnswer`.
        body: JSON for POST; None for GET.
        probe: whether any status is a valid response, without retries.
    """

    path: str
    read: Callable[[Reply], T]
    body: bytes | None = None
    probe: bool = False

    @property
    def method(self) -> str:
        """The HTTP method."""
        return "GET" if self.body is None else "POST"

    @property
    def headers(self) -> dict[str, str]:
        """Headers for the body."""
        return {} if self.body is None else {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Send:
    """A step: send the call within `seconds` and return the reply or the error."""

    call: Call[Any]
    seconds: float
    request_id: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers of this request."""
        return {**self.call.headers, REQUEST_ID: self.request_id}

    @property
    def timeout(self) -> httpx.Timeout:
        """The timeouts of each operation."""
        return httpx.Timeout(self.seconds, connect=min(self.seconds, _CONNECT_S))


@dataclass(frozen=True, slots=True)
class Wait:
    """A step: sleep for `seconds` and return None."""

    seconds: float


StepResult: TypeAlias = Reply | httpx.RequestError | None
Steps: TypeAlias = Generator[Send | Wait, StepResult, Reply]


def exchange(
    call: Call[Any],
    timeout_s: float,
    retries: Retries,
    now: Callable[[], float],
) -> Steps:
    """Yield the steps of a call.

    A pause that would not leave time for another request is not started.

    Args:
        call: the call.
        timeout_s: most seconds for all steps together.
        retries: when to retry.
        now: monotonic time in seconds.

    Returns:
        The reply.

    Raises:
        ClientError: a leaf of it; that of the last request, if several failed.
    """
    until = now() + timeout_s
    request_id = uuid.uuid4().hex
    failures: list[ClientError] = []
    while True:
        result = yield Send(call, max(until - now(), 0.0), request_id)
        assert result is not None
        failure = _failure_of(result, call, request_id, timeout_s)
        if failure is None:
            assert isinstance(result, Reply)
            return result
        failures.append(failure)
        pause = None if call.probe else retries.pause_s(failures)
        if pause is None or now() + pause >= until:
            raise failure from (None if isinstance(result, Reply) else result)
        yield Wait(pause)


def _failure_of(
    result: Reply | httpx.RequestError, call: Call[Any], request_id: str, timeout_s: float
) -> ClientError | None:
    if isinstance(result, Reply):
        return None if call.probe else error_in(result)
    if isinstance(result, httpx.TimeoutException) and not isinstance(result, httpx.ConnectTimeout):
        return TimedOut(f"no answer within {timeout_s:g} s", request_id=request_id)
    reason = str(result) or type(result).__name__
    return Unreachable(f"cannot reach the service: {reason}", request_id=request_id)
