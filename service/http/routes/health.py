"""Probes and metrics. Liveness is the event loop's, readiness the engine's."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from schema.responses import Live, ModelReady, Ready, Status
from service.engine.interface import Engine
from service.http.middleware.gatekeeper import DrainState
from service.http.problems import responses
from service.http.routes.inference_protocol import MODEL
from service.observability.metrics import Metrics
from tasks.errors import EngineUnavailable


def health_routes(engine: Engine, drain_state: DrainState) -> APIRouter:
    """`GET /healthz` and `/readyz`, and the same under the Open Inference Protocol's paths."""
    router = APIRouter(tags=["operation"])

    def check_ready() -> None:
        if drain_state.closed:
            raise EngineUnavailable("the service is stopping")
        if not engine.ready:
            raise EngineUnavailable(engine.unready_because or "the model is not ready")

    @router.get("/healthz")
    async def healthz() -> Status:
        """200 while the process answers at all."""
        return Status(status="alive")

    @router.get("/readyz", responses=responses(503))
    async def readyz() -> Status:
        """200 while the engine takes work, 503 while it starts, drains, is stuck or dead."""
        check_ready()
        return Status(status="ready")

    @router.get("/v2/health/live")
    async def live() -> Live:
        """The same as `/healthz`, as the Open Inference Protocol has it."""
        return Live(live=True)

    @router.get("/v2/health/ready", responses=responses(503))
    async def ready() -> Ready:
        """The same as `/readyz`, as the Open Inference Protocol has it."""
        check_ready()
        return Ready(ready=True)

    @router.get(f"/v2/models/{MODEL}/ready", responses=responses(503))
    async def model_ready() -> ModelReady:
        """The same for the one model that there is."""
        check_ready()
        return ModelReady(name=MODEL, ready=True)

    return router


def metrics_routes(metrics: Metrics) -> APIRouter:
    """`GET /metrics`."""
    router = APIRouter(tags=["operation"])

    # Without async it runs on a thread: a scrape must not hold up the other probes.
    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    def scrape() -> Response:
        """Metrics in Prometheus' text format."""
        return Response(metrics.render(), media_type=CONTENT_TYPE_LATEST)

    return router
