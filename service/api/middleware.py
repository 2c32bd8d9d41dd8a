"""What surrounds every request: its measurement, the limit on its body, and the last resort."""

from __future__ import annotations

import logging
import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import internal_error
from service.metrics import Metrics
from tasks.errors import BodyTooLarge

log = logging.getLogger(__name__)

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
CLIENT_GONE = 499

_OUTCOMES = {
    408: "timeout",
    413: "too_large",
    429: "overloaded",
    CLIENT_GONE: "cancelled",
    503: "unavailable",
    504: "timeout",
}


def outcome_of(status: int) -> str:
    """The metrics' word for a status."""
    if status in _OUTCOMES:
        return _OUTCOMES[status]
    return "ok" if status < 400 else "bad_input" if status < 500 else "error"


class Measurement:
    """Counts and times requests by route template; probes are left out."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            return await self._app(scope, receive, send)
        started = time.perf_counter()
        status = 500

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.inflight.inc()
        try:
            await self._app(scope, receive, note_status)
        finally:
            self._metrics.inflight.dec()
            endpoint = getattr(scope.get("route"), "path", "unmatched")
            self._metrics.requests.labels(endpoint=endpoint, outcome=outcome_of(status)).inc()
            self._metrics.request_seconds.labels(endpoint=endpoint).observe(
                time.perf_counter() - started
            )


class LastResort:
    """Turns an exception that nobody expected into a problem document, and logs it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        begun = False

        async def note_start(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, note_start)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            if begun:
                raise
            await internal_error()(scope, receive, send)


class BodyLimit:
    """Refuses bodies of more than `max_bytes`, announced or not, in one and the same way.

    Whoever reads the body gets `BodyTooLarge`: an announced one before its first byte.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its body."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        announced = Headers(scope=scope).get("content-length", "")
        expected = int(announced) if announced.isdecimal() else 0
        total = 0

        async def count() -> Message:
            nonlocal total
            if expected > self._max_bytes:
                raise self._error()
            message = await receive()
            total += len(message.get("body", b""))
            if total > self._max_bytes:
                raise self._error()
            return message

        await self._app(scope, count, send)

    def _error(self) -> BodyTooLarge:
        return BodyTooLarge(
            f"the request has more than the {self._max_bytes} bytes that are admitted",
            limit=self._max_bytes,
        )
