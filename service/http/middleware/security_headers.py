"""The headers of every response: the request id, and restrictions for browsers."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.observability.logging import REQUEST_ID, request_id_of

REQUEST_ID_HEADER = "X-Request-ID"

_NOTHING = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
DOCUMENTATION_POLICY = (
    f"{_NOTHING}; form-action 'self'; connect-src 'self'; font-src 'self'; "
    "img-src 'self' blob: data:; script-src 'self'; style-src 'self'"
)
"""For Swagger UI, whose files the service ships: nothing from other origins, nothing inline."""
PAGE_POLICY = f"{DOCUMENTATION_POLICY}; require-trusted-types-for 'script'"
"""For the service's own pages, which also never parse strings as markup."""

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityHeaders:
    """Adds `X-Request-ID` and the security headers; a policy that a route sets is kept.

    The request id is the client's `X-Request-ID` where it is valid, else a new one. It is also
    stored in `REQUEST_ID` for the log.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request_id = request_id_of(Headers(scope=scope).get(REQUEST_ID_HEADER))
        REQUEST_ID.set(request_id)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID_HEADER] = request_id
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
                html = headers.get("content-type", "").startswith("text/html")
                headers.setdefault("Content-Security-Policy", PAGE_POLICY if html else _NOTHING)
            await send(message)

        await self._app(scope, receive, send_with_headers)
