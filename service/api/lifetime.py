"""When a request's work begins and how long it may live."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from starlette.requests import Request

from tasks.errors import DeadlineExceeded, QueueFull

T = TypeVar("T")


class Admission:
    """Lets at most `limit` requests in at once: each may hold as many bytes as a body may have."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._inside = 0

    @contextmanager
    def enter(self) -> Iterator[None]:
        """A place for one request; raises `QueueFull`."""
        if self._inside >= self._limit:
            raise QueueFull(f"{self._limit} requests are being answered already")
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


async def live(request: Request, work: Coroutine[Any, Any, T], deadline_s: float) -> T:
    """The result of `work`; the request's body must have been read.

    Raises `DeadlineExceeded` or `ClientGone` and cancels the work where either comes first.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(request))
    try:
        await asyncio.wait({task, gone}, timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        if gone.done():
            raise ClientGone
        raise DeadlineExceeded(f"the answer was not ready within {deadline_s:g} s")
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
