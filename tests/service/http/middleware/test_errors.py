from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.middleware.errors import ErrorResponses

pytestmark = pytest.mark.anyio


def _client(app: ASGIApp, *, crashes: bool) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=crashes)
    return httpx.AsyncClient(transport=transport, base_url="http://umie")


async def test_a_crash_becomes_a_problem_that_tells_nothing() -> None:
    async def crash(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("secret")

    response = await _client(ErrorResponses(crash), crashes=True).get("/a")
    assert (response.status_code, response.json()["type"]) == (500, "internal-error")
    assert "secret" not in response.text


async def test_an_answer_that_has_begun_is_not_begun_again() -> None:
    async def crash_late(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("late")

    response = await _client(ErrorResponses(crash_late), crashes=False).get("/a")
    assert response.status_code == 200
    with pytest.raises(RuntimeError, match="late"):
        await _client(ErrorResponses(crash_late), crashes=True).get("/a")


async def test_a_cancelled_request_gets_503_and_stays_cancelled() -> None:
    async def cancelled(scope: Scope, receive: Receive, send: Send) -> None:
        raise asyncio.CancelledError

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "path": "/a", "headers": []}
    with pytest.raises(asyncio.CancelledError):
        await ErrorResponses(cancelled)(scope, receive, send)
    assert sent[0]["status"] == 503
