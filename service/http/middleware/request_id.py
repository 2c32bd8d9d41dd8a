"""A request's id, in and out."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.observability.logging import REQUEST_ID, request_id_of

HEADER = "X-Request-ID"


class RequestId:
    """Takes over the caller's `X-Request-ID` or makes one; every answer carries it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        name = request_id_of(Headers(scope=scope).get(HEADER))
        REQUEST_ID.set(name)

        async def sign(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = name
            await send(message)

        await self._app(scope, receive, sign)
