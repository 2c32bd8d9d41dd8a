"""Cancel a request's work at its deadline or when its client disconnects."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from service.engine.deadline import within
from tasks.errors import DeadlineExceeded

T = TypeVar("T")


async def run_with_deadline(request: Request, work: Coroutine[Any, Any, T], deadline_s: float) -> T:
    """Run `work` and return its result.

    Args:
        request: the request that the work is for; its body must have been read.
        work: is cancelled where it does not end in time, or the client disconnects first.
        deadline_s: seconds from now.

    Raises:
        DeadlineExceeded: the deadline passed.
        ClientDisconnect: the client closed the connection.
    """
    with within(deadline_s):
        task = asyncio.ensure_future(work)
    disconnected = asyncio.ensure_future(wait_for_disconnect(request.receive))
    try:
        await asyncio.wait(
            {task, disconnected}, timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED
        )
        if task.done():
            return task.result()
        if disconnected.done():
            raise ClientDisconnect
        raise DeadlineExceeded(f"the answer was not ready within {deadline_s:g} s")
    finally:
        task.cancel()
        disconnected.cancel()
        await asyncio.gather(task, disconnected, return_exceptions=True)


async def wait_for_disconnect(receive: Receive) -> None:
    """Return when the client closes the connection; other messages are dropped."""
    while (await receive())["type"] != "http.disconnect":
        pass
