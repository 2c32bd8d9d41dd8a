"""Extraction, and what can be asked for."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from service.api.forms import MEDIA_TYPES, read_form
from service.api.lifetime import Admission, ClientGone, live
from service.api.middleware import CLIENT_GONE
from service.api.problems import responses
from service.api.schemas import EventTypeListed, ExtractForm, ModelListed, OntologyListed
from service.engine.contract import Engine
from service.extraction import Extraction
from service.extractor import Extractor
from service.settings import Settings
from tasks import ontology
from tasks.errors import EngineUnavailable


def extraction_routes(settings: Settings, engine: Engine, extractor: Extractor) -> APIRouter:
    """`POST /extract`."""
    router = APIRouter(tags=["extraction"])
    admission = Admission(settings.max_inflight_requests)

    @router.post(
        "/extract",
        response_model=Extraction,
        responses=responses(400, 408, 413, 415, 422, 429, 500, 503, 504),
        openapi_extra={"requestBody": _request_body()},
    )
    async def extract(request: Request) -> Extraction | Response:
        """Entities, relations, events and the regions they are grounded in.

        Offsets are half-open and count Unicode code points of the text exactly as sent.
        """
        if not engine.ready:
            raise EngineUnavailable("the model is not ready")
        try:
            with admission.enter():
                asked = await read_form(request, settings)
                return await live(request, extractor.extract(asked), settings.deadline_s)
        except (ClientGone, ClientDisconnect):
            return Response(status_code=CLIENT_GONE)

    return router


def catalogue_routes(settings: Settings, extractor: Extractor) -> APIRouter:
    """`GET /ontologies` and `GET /model`."""
    router = APIRouter(tags=["catalogue"])
    listed = [_listed(ontology.load(name)) for name in ontology.names()]
    model = ModelListed(
        model=extractor.model_name,
        region_types=list(extractor.region_types),
        default_ontology=settings.ontology,
        limits={
            name: value
            for name, value in settings.model_dump().items()
            if name.startswith(("max_text", "max_image", "max_body", "max_labels", "max_pairs"))
        },
    )

    @router.get("/ontologies")
    async def ontologies() -> list[OntologyListed]:
        """The label inventories that a request can name."""
        return listed

    @router.get("/model")
    async def described_model() -> ModelListed:
        """The model that answers, and its limits."""
        return model

    return router


def _listed(inventory: ontology.Ontology) -> OntologyListed:
    return OntologyListed(
        name=inventory.name,
        title=inventory.title,
        entity_types=[kind.name for kind in inventory.entities],
        relation_types=[kind.name for kind in inventory.relations],
        event_types=[
            EventTypeListed(type=kind.name, roles=list(kind.roles)) for kind in inventory.events
        ],
    )


def _request_body() -> dict[str, Any]:
    schema = ExtractForm.model_json_schema()
    return {"required": True, "content": {kind: {"schema": schema} for kind in MEDIA_TYPES}}
