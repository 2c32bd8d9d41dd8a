"""Count, time and log every request."""

from __future__ import annotations

import logging
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.problems import CLIENT_CLOSED
from service.observability.metrics import Metrics

log = logging.getLogger("service.access")

PROBES = frozenset(
    {
        "/healthz",
        "/readyz",
        "/metrics",
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/umie/ready",
    }
)

_OUTCOMES = {
    401: "unauthorised",
    408: "timeout",
    413: "too_large",
    429: "overloaded",
    CLIENT_CLOSED: "cancelled",
    503: "unavailable",
    504: "timeout",
}


def outcome_of(status: int) -> str:
    """The value of the metrics' label `outcome` for a status."""
    if status in _OUTCOMES:
        return _OUTCOMES[status]
    return "ok" if status < 400 else "bad_input" if status < 500 else "error"


class AccessLog:
    """Counts, times and logs requests by route template; probes are excluded."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and record it."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            return await self._app(scope, receive, send)
        started = time.perf_counter()
        status = 500

        async def send_and_record_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.inflight.inc()
        try:
            await self._app(scope, receive, send_and_record_status)
        finally:
            self._metrics.inflight.dec()
            self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        endpoint = getattr(scope.get("route"), "path", "unmatched")
        state = scope.get("state", {})
        self._metrics.requests.labels(endpoint=endpoint, outcome=outcome_of(status)).inc()
        self._metrics.request_seconds.labels(endpoint=endpoint).observe(seconds)
        if "problem" in state:
            self._metrics.refused.labels(reason=state["problem"]).inc()
        fields: dict[str, Any] = {
            "method": scope["method"],
            "endpoint": endpoint,
            "status": status,
            "ms": round(seconds * 1000, 2),
        }
        fields |= {name: state[name] for name in ("problem", "key") if name in state}
        log.info("request", extra={"fields": fields})
