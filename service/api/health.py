"""Probes. Liveness is the event loop's, readiness the engine's."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from service.api.problems import responses
from service.api.schemas import Status
from service.engine.contract import Engine
from service.metrics import Metrics
from tasks.errors import EngineUnavailable


def health_routes(engine: Engine, metrics: Metrics) -> APIRouter:
    """`GET /healthz`, `/readyz` and `/metrics`."""
    router = APIRouter(tags=["operation"])

    @router.get("/healthz")
    async def healthz() -> Status:
        """200 while the process answers at all."""
        return Status(status="alive")

    @router.get("/readyz", responses=responses(503))
    async def readyz() -> Status:
        """200 while the engine takes work, 503 while it starts, drains, is stuck or dead."""
        if not engine.ready:
            raise EngineUnavailable("the model is not ready")
        return Status(status="ready")

    # Without async it runs on a thread: a scrape must not hold up the other probes.
    @router.get("/metrics", response_class=Response)
    def scrape() -> Response:
        """Metrics in Prometheus' text format."""
        return Response(metrics.render(), media_type=CONTENT_TYPE_LATEST)

    return router
