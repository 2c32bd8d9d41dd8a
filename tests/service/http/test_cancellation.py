from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from service.http.cancellation import run_with_deadline
from tasks.errors import DeadlineExceeded, QueueFull

pytestmark = pytest.mark.anyio


class _Work:
    def __init__(self, seconds: float = 60.0) -> None:
        self.seconds = seconds
        self.cancelled = False

    async def __call__(self) -> str:
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return "done"


def _request(disconnect_after_s: float = 60.0) -> Request:
    async def receive() -> Message:
        await asyncio.sleep(disconnect_after_s)
        return {"type": "http.disconnect"}

    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/", "headers": []}
    return Request(scope, receive)


async def test_work_that_ends_in_time() -> None:
    assert await run_with_deadline(_request(), _Work(0.0)(), 5.0) == "done"


async def test_errors_of_the_work_pass_through() -> None:
    async def fail() -> None:
        raise QueueFull("full")

    with pytest.raises(QueueFull):
        await run_with_deadline(_request(), fail(), 5.0)


async def test_work_is_cancelled_at_its_deadline() -> None:
    work = _Work()
    with pytest.raises(DeadlineExceeded):
        await run_with_deadline(_request(), work(), 0.02)
    assert work.cancelled


async def test_work_is_cancelled_when_its_client_disconnects() -> None:
    work = _Work()
    with pytest.raises(ClientDisconnect):
        await run_with_deadline(_request(disconnect_after_s=0.02), work(), 5.0)
    assert work.cancelled


async def test_work_is_cancelled_with_its_request() -> None:
    work = _Work()
    waiting = asyncio.create_task(run_with_deadline(_request(), work(), 5.0))
    await asyncio.sleep(0.02)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert work.cancelled
