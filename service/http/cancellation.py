"""How long a request's work may live."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

from service.engine.deadline import within
from tasks.errors import DeadlineExceeded

T = TypeVar("T")


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


async def live(request: Request, work: Coroutine[Any, Any, T], deadline_s: float) -> T:
    """The result of `work`; the request's body must have been read.

    Raises `DeadlineExceeded` or `ClientGone` and cancels the work where either comes first.
    """
    with within(deadline_s):
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
