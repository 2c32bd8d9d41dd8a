"""Probes and metrics. Liveness depends on the event loop alone, readiness on the engine."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from schema.responses import Status
from service.engine.interface import Engine
from service.http.handler import check_ready
from service.http.middleware.gatekeeper import DrainState
from service.http.problems import responses
from service.observability.metrics import Metrics
from tasks.errors import EngineUnavailable


def check_serving(engine: Engine, drain_state: DrainState) -> None:
    """Raise `EngineUnavailable` where the service drains or the engine takes no work."""
    if drain_state.draining:
        raise EngineUnavailable("the service is stopping")
    check_ready(engine)


def health_routes(engine: Engine, drain_state: DrainState) -> APIRouter:
    """`GET /healthz` and `/readyz`."""
    router = APIRouter(tags=["operation"])

    @router.get("/healthz")
    async def healthz() -> Status:
        """Liveness: 200 while the process responds."""
        return Status(status="alive")

    @router.get("/readyz", responses=responses(503))
    async def readyz() -> Status:
        """Readiness: 200 while the engine takes work, 503 while it starts, drains or is stuck."""
        check_serving(engine, drain_state)
        return Status(status="ready")

    return router


def metrics_routes(metrics: Metrics) -> APIRouter:
    """`GET /metrics`."""
    router = APIRouter(tags=["operation"])

    # Not async, so it runs on a thread: a scrape must not delay the probes.
    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    def scrape() -> Response:
        """Metrics in Prometheus' text format."""
        return Response(metrics.render(), media_type=CONTENT_TYPE_LATEST)

    return router
