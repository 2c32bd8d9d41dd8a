"""What browsers are told not to do with answers."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CDN = "https://cdn.jsdelivr.net"
_NOTHING = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    f"{_NOTHING}; form-action 'self'; connect-src 'self'; font-src 'self'; "
    "img-src 'self' blob: data:; script-src 'self'; style-src 'self'; "
    "require-trusted-types-for 'script'"
)
"""For pages of the service's own: nothing from elsewhere, nothing inline, no text as markup."""
_DOCUMENTATION = (
    f"{_NOTHING}; connect-src 'self'; font-src 'self'; worker-src blob:; "
    "img-src 'self' data: https://fastapi.tiangolo.com; "
    f"script-src 'unsafe-inline' {_CDN}; style-src 'unsafe-inline' {_CDN}"
)
"""The framework's interactive documentation brings its scripts from there."""

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Safety:
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
                policy = _policy(scope["path"], headers.get("content-type", ""))
                headers.setdefault("Content-Security-Policy", policy)
            await send(message)

        await self._app(scope, receive, secure)


def _policy(path: str, content_type: str) -> str:
    if not content_type.startswith("text/html"):
        return _NOTHING
    return _DOCUMENTATION if path in {"/docs", "/redoc"} else PAGE_POLICY
