"""What can be asked for, and of whom."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException

from schema.extraction import Task
from schema.responses import (
    EventTypeListed,
    ModelListed,
    OntologyDetail,
    OntologyListed,
    RelationListed,
    TaskListed,
)
from service.http.bounded_json import MAX_DEPTH, MAX_ITEMS, MAX_KEYS, MAX_VALUES
from service.http.model_facts import ModelFacts
from service.http.problems import responses
from service.settings import Settings
from service.vision.request_regions import MAX_LABEL_CHARS
from tasks import ontology
from tasks.records import MAX_REGIONS

_TASKS = {
    Task.ENTITIES: ("entity_types", "Typed mentions, with the regions that show them."),
    Task.RELATIONS: ("relation_types", "Typed pairs of entities; the entities come with them."),
    Task.EVENTS: ("event_types", "Typed triggers with their arguments: spans or regions."),
}
_LIMITS = (
    "max_",
    "batch_window",
    "header_timeout_s",
    "body_timeout_s",
    "write_timeout_s",
    "deadline_s",
    "requests_per_minute",
    "wrong_keys_per_minute",
)


def catalogue_routes(settings: Settings, facts: ModelFacts) -> APIRouter:
    """`GET /tasks`, `/ontologies`, `/ontologies/{name}` and `/model`."""
    router = APIRouter(tags=["catalogue"])
    shipped = {name: _detail(ontology.load(name)) for name in ontology.names()}
    tasks = _tasks(ontology.load(settings.ontology))
    model = _model(settings, facts)

    @router.get("/tasks", responses=responses(401, 429, 503))
    async def list_tasks() -> list[TaskListed]:
        """The tasks, and where each is asked for alone."""
        return tasks

    @router.get("/ontologies", responses=responses(401, 429, 503))
    async def list_ontologies() -> list[OntologyListed]:
        """The label inventories that a request can name."""
        return list(shipped.values())

    @router.get("/ontologies/{name}", responses=responses(401, 404, 429, 503))
    async def show_ontology(name: str) -> OntologyDetail:
        """One of them, with the entity types that its relations hold between."""
        if name not in shipped:
            raise HTTPException(404, "there is no such ontology; GET /ontologies lists them")
        return shipped[name]

    @router.get("/model", responses=responses(401, 429, 503))
    async def show_model() -> ModelListed:
        """The model that answers, and its limits."""
        return model

    return router


def _tasks(default: ontology.Ontology) -> list[TaskListed]:
    labels = {
        Task.ENTITIES: [kind.name for kind in default.entities],
        Task.RELATIONS: [kind.name for kind in default.relations],
        Task.EVENTS: [kind.name for kind in default.events],
    }
    return [
        TaskListed(
            name=task,
            endpoint=f"/extract/{task}",
            description=description,
            labels=field,
            default_labels=labels[task],
        )
        for task, (field, description) in _TASKS.items()
    ]


def _model(settings: Settings, facts: ModelFacts) -> ModelListed:
    limits = {
        name: value
        for name, value in settings.model_dump().items()
        if name.startswith(_LIMITS) and value is not None
    }
    return ModelListed(
        model=facts.full_name,
        name=facts.name,
        version=facts.version,
        precision=facts.precision,
        provider=facts.provider,
        region_types=list(facts.region_types),
        default_ontology=settings.ontology,
        limits=limits | _fixed_limits(facts),
    )


def _fixed_limits(facts: ModelFacts) -> dict[str, int | float]:
    """What no setting changes: the model's own limits, and those of the code."""
    return {
        "max_text_tokens": facts.max_text_tokens,
        "max_prompt_tokens": facts.max_prompt_tokens,
        "max_total_tokens": facts.max_total_tokens,
        "max_regions": MAX_REGIONS,
        "max_region_label_chars": MAX_LABEL_CHARS,
        "max_json_depth": MAX_DEPTH,
        "max_json_keys": MAX_KEYS,
        "max_json_items": MAX_ITEMS,
        "max_json_values": MAX_VALUES,
    }


def _detail(inventory: ontology.Ontology) -> OntologyDetail:
    return OntologyDetail(
        name=inventory.name,
        title=inventory.title,
        entity_types=[kind.name for kind in inventory.entities],
        relation_types=[kind.name for kind in inventory.relations],
        relations=[
            RelationListed(type=kind.name, head=list(kind.head), tail=list(kind.tail))
            for kind in inventory.relations
        ],
        event_types=[
            EventTypeListed(type=kind.name, roles=list(kind.roles)) for kind in inventory.events
        ],
    )
