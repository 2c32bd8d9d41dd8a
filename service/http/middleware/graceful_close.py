"""How a connection ends whose request was refused before it was read."""

from __future__ import annotations

import asyncio
import contextlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LINGER_S = 2.0
"""How long the rest of what was refused is read and dropped, so that its sender sees the answer."""


class GracefulClose:
    """Answers that come before the body's end close the connection, in good manners.

    A connection that is closed on data that nobody read is reset, and the reset can overtake the
    answer. So what still comes is dropped for a while; the server closes then.
    """

    def __init__(self, app: ASGIApp, linger_s: float = LINGER_S) -> None:
        self._app = app
        self._linger_s = linger_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or not _has_body(scope):
            return await self._app(scope, receive, send)
        unread, owed = True, False
        asked = "expect" not in Headers(scope=scope)

        async def note_end() -> Message:
            nonlocal unread, asked
            asked = True
            message = await receive()
            unread = unread and bool(message.get("more_body"))
            return message

        async def hold_end(message: Message) -> None:
            nonlocal owed
            if unread and message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
            elif unread and message["type"] == "http.response.body":
                owed = not message.get("more_body", False)
                message = {**message, "more_body": True}
            await send(message)

        await self._app(scope, note_end, hold_end)
        if not owed:
            return
        if asked:  # who waits for leave to send never gets it, and sends nothing
            await self._drop(note_end)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _drop(self, receive: Receive) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._linger_s):
                while (await receive()).get("more_body"):
                    pass


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
