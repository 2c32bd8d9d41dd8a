"""Server and model under the paths of the Open Inference Protocol.

Its `infer` call speaks in tensors, which fit neither texts nor pictures; these are what load
balancers and dashboards ask for.
"""

from __future__ import annotations

from fastapi import APIRouter

from schema.responses import ModelMetadata, ServerMetadata
from service.http.model_facts import ModelFacts
from service.http.problems import responses

MODEL = "umie"
"""The model's name in these paths, whatever weights it has."""


def inference_protocol_routes(facts: ModelFacts, version: str) -> APIRouter:
    """`GET /v2` and `/v2/models/umie`; `service.http.routes.health` has the probes."""
    router = APIRouter(prefix="/v2", tags=["catalogue"])

    @router.get("", responses=responses(401, 429, 503))
    async def server() -> ServerMetadata:
        """The server."""
        return ServerMetadata(name="umie-service", version=version, extensions=[])

    @router.get(f"/models/{MODEL}", responses=responses(401, 429, 503))
    async def model() -> ModelMetadata:
        """The model; `POST /extract` asks it."""
        return ModelMetadata(
            name=MODEL, versions=[facts.full_name], platform="onnxruntime", inputs=[], outputs=[]
        )

    return router
