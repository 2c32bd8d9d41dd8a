"""Metadata and probes under the paths of the Open Inference Protocol.

The protocol's `infer` call takes tensors, which suits neither texts nor images. The other calls are
what load balancers and dashboards use.
"""

from __future__ import annotations

from fastapi import APIRouter

from schema.responses import Live, ModelMetadata, ModelReady, Ready, ServerMetadata
from service.engine.interface import Engine
from service.http.middleware.gatekeeper import DrainState
from service.http.problems import responses
from service.http.routes.catalogue import ModelInfo
from service.http.routes.health import check_serving

MODEL = "umie"
"""The name of the model in these paths, whatever weights it has."""


def metadata_routes(model: ModelInfo, version: str) -> APIRouter:
    """`GET /v2` and `/v2/models/umie`."""
    router = APIRouter(prefix="/v2", tags=["catalogue"])

    @router.get("", responses=responses(401, 429, 503))
    async def server() -> ServerMetadata:
        """The metadata of the server."""
        return ServerMetadata(name="umie-service", version=version, extensions=[])

    @router.get(f"/models/{MODEL}", responses=responses(401, 429, 503), name="model")
    async def model_metadata() -> ModelMetadata:
        """The metadata of the model, which `POST /extract` uses."""
        return ModelMetadata(
            name=MODEL, versions=[model.full_name], platform="onnxruntime", inputs=[], outputs=[]
        )

    return router


def probe_routes(engine: Engine, drain_state: DrainState) -> APIRouter:
    """`GET /v2/health/live`, `/v2/health/ready` and `/v2/models/umie/ready`."""
    router = APIRouter(prefix="/v2", tags=["operation"])

    @router.get("/health/live")
    async def live() -> Live:
        """The same as `/healthz`."""
        return Live(live=True)

    @router.get("/health/ready", responses=responses(503))
    async def ready() -> Ready:
        """The same as `/readyz`."""
        check_serving(engine, drain_state)
        return Ready(ready=True)

    @router.get(f"/models/{MODEL}/ready", responses=responses(503))
    async def model_ready() -> ModelReady:
        """The same as `/readyz`, for the only model."""
        check_serving(engine, drain_state)
        return ModelReady(name=MODEL, ready=True)

    return router
