"""Close a connection cleanly after a response that precedes the end of the request's body."""

from __future__ import annotations

import asyncio
import contextlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LINGER_S = 2.0
"""Seconds for which the rest of a refused body is read and dropped before the connection closes."""


class GracefulClose:
    """Closes the connection after a response that was sent before the whole body was read.

    Closing a socket with unread data resets the connection, and the reset can reach the client
    before the response does. So the rest of the body is read and dropped for `linger_s` seconds,
    and then the response ends and the server closes the connection.
    """

    def __init__(self, app: ASGIApp, linger_s: float = LINGER_S) -> None:
        self._app = app
        self._linger_s = linger_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or not _has_body(scope):
            return await self._app(scope, receive, send)
        unread, withheld = True, False
        continued = "expect" not in Headers(scope=scope)

        async def receive_and_record_end() -> Message:
            nonlocal unread, continued
            continued = True
            message = await receive()
            unread = unread and bool(message.get("more_body"))
            return message

        async def send_without_end(message: Message) -> None:
            nonlocal withheld
            if unread and message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
            elif unread and message["type"] == "http.response.body":
                withheld = not message.get("more_body", False)
                message = {**message, "more_body": True}
            await send(message)

        await self._app(scope, receive_and_record_end, send_without_end)
        if not withheld:
            return
        if continued:  # a client that waits for "100 Continue" sends no body
            await self._drop(receive_and_record_end)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _drop(self, receive: Receive) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._linger_s):
                while (await receive()).get("more_body"):
                    pass


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
