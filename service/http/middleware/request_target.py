"""Normalise request targets and HEAD requests as RFC 9110 and RFC 9112 require."""

from __future__ import annotations

import re
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.problems import ProblemResponse, http_problem

_ABSOLUTE = re.compile(rb"(?i)https?://[^/?#]*")


class RequestTarget:
    """Reduces targets to paths, answers HEAD as GET without a body, refuses ambiguous framing.

    A target in absolute form (`GET http://host/tasks`) and the prefix under which a proxy serves
    the application are reduced to the path. A request with both Content-Length and
    Transfer-Encoding may be request smuggling: it is refused and its connection closed.
    """

    def __init__(self, app: ASGIApp, root_path: str | None) -> None:
        self._app = app
        self._root_path = root_path or ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        names = {name for name, _ in scope["headers"]}
        if {b"content-length", b"transfer-encoding"} <= names:
            problem = http_problem(400, "give either Content-Length or Transfer-Encoding")
            response = ProblemResponse(problem, headers={"Connection": "close"})
            return await response(scope, receive, send)
        self._normalise(scope)
        if scope["method"] == "HEAD":
            await self._answer_head(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _normalise(self, scope: Scope) -> None:
        raw = scope.get("raw_path") or b""
        if (authority := _ABSOLUTE.match(raw)) is not None:
            raw = raw[authority.end() :] or b"/"
            scope["raw_path"], scope["path"] = raw, unquote(raw.decode("ascii", "replace"))
        path = scope["path"]
        scope["root_path"] = self._root_path
        if self._root_path and path.startswith(f"{self._root_path}/"):
            scope["path"] = path[len(self._root_path) :]

    async def _answer_head(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        scope["method"] = "GET"
        try:
            await self._app(scope, receive, send_head)
        finally:
            scope["method"] = "HEAD"
