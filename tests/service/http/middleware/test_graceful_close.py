from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.middleware.graceful_close import GracefulClose

pytestmark = pytest.mark.anyio


class _Connection:
    """A client that sends `pieces` and then stalls."""

    def __init__(self, pieces: int, headers: dict[str, str]) -> None:
        self.left = pieces
        self.sent: list[Message] = []
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.scope: Scope = {"type": "http", "method": "POST", "path": "/", "headers": encoded}

    async def receive(self) -> Message:
        if not self.left:
            await asyncio.sleep(60)
        self.left -= 1
        return {"type": "http.request", "body": b"x", "more_body": self.left > 0}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def ask(self, app: ASGIApp) -> dict[bytes, bytes]:
        await GracefulClose(app, linger_s=0.05)(self.scope, self.receive, self.send)
        assert not self.sent[-1].get("more_body")
        return dict(self.sent[0]["headers"])


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("no", 413)(scope, receive, send)


async def _read_all(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive())["more_body"]:
        pass
    await PlainTextResponse("yes")(scope, receive, send)


async def test_a_body_that_was_read_leaves_the_connection_open() -> None:
    connection = _Connection(5, {"content-length": "5"})
    assert b"connection" not in await connection.ask(_read_all)
    assert len(connection.sent) == 2


async def test_the_rest_of_a_refused_body_is_dropped_behind_the_answer() -> None:
    connection = _Connection(5, {"content-length": "5"})
    headers = await connection.ask(_refuse)
    assert headers[b"connection"] == b"close"
    assert connection.left == 0
    assert connection.sent[1]["body"] == b"no" and connection.sent[1]["more_body"]


async def test_a_slow_client_is_disconnected() -> None:
    connection = _Connection(3, {"transfer-encoding": "chunked"})

    async def receive_without_end() -> Message:
        message = await connection.receive()
        return {**message, "more_body": True}

    await GracefulClose(_refuse, linger_s=0.05)(
        connection.scope, receive_without_end, connection.send
    )
    assert connection.sent[-1]["more_body"] is False


async def test_a_client_that_expects_100_continue_does_not_get_it() -> None:
    connection = _Connection(5, {"content-length": "5", "expect": "100-continue"})
    await connection.ask(_refuse)
    assert connection.left == 5


@pytest.mark.parametrize("headers", [{}, {"content-length": "0"}])
async def test_requests_without_a_body_pass(headers: dict[str, Any]) -> None:
    connection = _Connection(1, headers)
    assert b"connection" not in await connection.ask(_refuse)
    assert connection.left == 1
