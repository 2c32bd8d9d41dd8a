"""How large and how slow a request's body may be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tasks.errors import BodyTooLarge, BodyTooSlow, QueueFull

_MOST_DIGITS = 18


class ByteBudget:
    """Bytes that all requests together may hold."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.held = 0

    def take(self, count: int) -> None:
        """Hold `count` more; raises `QueueFull`."""
        if self.held + count > self._limit:
            raise QueueFull(f"requests of {self._limit} bytes are being answered already")
        self.held += count

    def give(self, count: int) -> None:
        """Hold `count` fewer."""
        self.held -= count

    @contextmanager
    def hold(self, count: int) -> Iterator[None]:
        """Hold `count` for a while; raises `QueueFull`."""
        self.take(count)
        try:
            yield
        finally:
            self.give(count)


class BodyLimit:
    """Refuses bodies that are too large, announced or not, too slow, or one too many.

    Whoever reads the body gets `BodyTooLarge` (an announced one before its first byte),
    `BodyTooSlow` or `QueueFull`. The paths in `streamed` look after their bodies themselves.
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
        """Pass the request on, counting its body."""
        if scope["type"] != "http" or scope["path"] in self._streamed:
            return await self._app(scope, receive, send)
        expected = _announced(Headers(scope=scope).get("content-length", ""))
        until = time.monotonic() + self._timeout_s
        held, ended = 0, False

        async def guarded() -> Message:
            nonlocal held, ended
            if ended:
                return await receive()
            if expected > self._max_bytes:
                raise self._too_large()
            message = await self._in_time(receive, until)
            size = len(message.get("body", b""))
            if held + size > self._max_bytes:
                raise self._too_large()
            self._budget.take(size)
            held += size
            ended = not message.get("more_body", False)
            return message

        try:
            await self._app(scope, guarded, send)
        finally:
            self._budget.give(held)

    async def _in_time(self, receive: Receive, until: float) -> Message:
        try:
            async with asyncio.timeout(until - time.monotonic()):
                return await receive()
        except TimeoutError as error:
            raise BodyTooSlow(f"the body did not arrive within {self._timeout_s:g} s") from error

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(
            f"the request has more than the {self._max_bytes} bytes that are admitted",
            limit=self._max_bytes,
        )


def _announced(header: str) -> int:
    if not (header.isascii() and header.isdigit()):
        return 0
    return int(header[: _MOST_DIGITS + 1])
