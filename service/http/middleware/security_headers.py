"""What browsers are told not to do with answers."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NOTHING = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
DOCUMENTATION_POLICY = (
    f"{_NOTHING}; form-action 'self'; connect-src 'self'; font-src 'self'; "
    "img-src 'self' blob: data:; script-src 'self'; style-src 'self'"
)
"""For Swagger UI, whose files the service ships: nothing from elsewhere, nothing inline."""
PAGE_POLICY = f"{DOCUMENTATION_POLICY}; require-trusted-types-for 'script'"
"""For pages of the service's own: besides, no text as markup."""

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityHeaders:
    """Adds security headers; a policy that a route sets itself stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def secure(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
                html = headers.get("content-type", "").startswith("text/html")
                headers.setdefault("Content-Security-Policy", PAGE_POLICY if html else _NOTHING)
            await send(message)

        await self._app(scope, receive, secure)
