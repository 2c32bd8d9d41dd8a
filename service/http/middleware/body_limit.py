"""Limit the size of a request's body and the time it takes to arrive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tasks.errors import BodyTooLarge, BodyTooSlow, QueueFull

_MAX_DIGITS = 18


class ByteBudget:
    """Bounds the bytes of bodies that all requests together hold in memory."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.held = 0

    def take(self, count: int) -> None:
        """Reserve `count` bytes; raises `QueueFull` where they exceed the limit."""
        if self.held + count > self._limit:
            raise QueueFull(f"the requests in flight have reached {self._limit} bytes")
        self.held += count

    def release(self, count: int) -> None:
        """Release `count` bytes."""
        self.held -= count

    @contextmanager
    def hold(self, count: int) -> Iterator[None]:
        """Reserve `count` bytes in a with statement; raises `QueueFull`."""
        self.take(count)
        try:
            yield
        finally:
            self.release(count)


class BodyLimit:
    """Refuses bodies that are too large, too slow, or exceed the budget of all requests.

    Reading the body raises `BodyTooLarge` (before the first byte, where Content-Length exceeds the
    limit), `BodyTooSlow` or `QueueFull`.

    Args:
        app: the next application.
        max_bytes: limit for one body.
        timeout_s: seconds from the headers to the end of the body.
        budget: bounds the bodies of all requests together.
        streamed: paths that are exempt, because their routes limit the body themselves.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_bytes: int,
        timeout_s: float,
        budget: ByteBudget,
        streamed: Collection[str] = (),
    ) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._budget = budget
        self._streamed = frozenset(streamed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with a limited body."""
        if scope["type"] != "http" or scope["path"] in self._streamed:
            return await self._app(scope, receive, send)
        expected = _declared_length(Headers(scope=scope).get("content-length", ""))
        until = time.monotonic() + self._timeout_s
        held, ended = 0, False

        async def receive_limited() -> Message:
            nonlocal held, ended
            if ended:
                return await receive()
            if expected > self._max_bytes:
                raise self._too_large()
            message = await self._receive_in_time(receive, until)
            size = len(message.get("body", b""))
            if held + size > self._max_bytes:
                raise self._too_large()
            self._budget.take(size)
            held += size
            ended = not message.get("more_body", False)
            return message

        try:
            await self._app(scope, receive_limited, send)
        finally:
            self._budget.release(held)

    async def _receive_in_time(self, receive: Receive, until: float) -> Message:
        try:
            async with asyncio.timeout(until - time.monotonic()):
                return await receive()
        except TimeoutError as error:
            raise BodyTooSlow(f"the body did not arrive within {self._timeout_s:g} s") from error

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(
            f"the request must have at most {self._max_bytes} bytes", limit=self._max_bytes
        )


def _declared_length(header: str) -> int:
    if not (header.isascii() and header.isdigit()):
        return 0
    return int(header[: _MAX_DIGITS + 1])
