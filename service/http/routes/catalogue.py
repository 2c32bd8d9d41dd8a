"""What the service offers: tasks, ontologies, the model and its limits."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, HTTPException

from schema.extraction import Task
from schema.mentions import MAX_MENTION_CHARS, MAX_MENTIONS
from schema.regions import MAX_LABEL_CHARS, MAX_REGIONS
from schema.responses import (
    EventTypeListed,
    ModelListed,
    OntologyDetail,
    OntologyListed,
    RelationListed,
    TaskListed,
)
from service.http.bounded_json import MAX_DEPTH, MAX_ITEMS, MAX_KEYS, MAX_VALUES
from service.http.problems import responses
from service.settings import Settings
from tasks import ontology

_TASKS = {
    Task.ENTITIES: ("entity_types", "Typed mentions, with the regions they are grounded in."),
    Task.RELATIONS: ("relation_types", "Typed pairs of entities; the entities are included."),
    Task.EVENTS: ("event_types", "Typed triggers with their arguments: spans or regions."),
}
_LIMITS = (
    "max_",
    "batch_window",
    "document_",
    "header_timeout_s",
    "body_timeout_s",
    "write_timeout_s",
    "deadline_s",
    "requests_per_minute",
    "wrong_keys_per_minute",
)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The model that the service runs.

    `full_name` is name and version, as in answers: `umie-compact@1a2b3c4d`. `max_text_tokens`
    limits the tokens of a text of `/extract` with few labels, `max_prompt_tokens` those of a text
    with its instruction, `max_total_tokens` those of both with all labels.
    """

    full_name: str
    precision: str
    provider: str
    region_types: tuple[str, ...]
    max_text_tokens: int
    max_prompt_tokens: int
    max_total_tokens: int

    @property
    def name(self) -> str:
        """The part before the `@`."""
        return self.full_name.partition("@")[0]

    @property
    def version(self) -> str:
        """The part after the `@`."""
        return self.full_name.partition("@")[2]


def catalogue_routes(settings: Settings, info: ModelInfo) -> APIRouter:
    """`GET /tasks`, `/ontologies`, `/ontologies/{name}` and `/model`."""
    router = APIRouter(tags=["catalogue"])
    shipped = {name: _detail(ontology.load(name)) for name in ontology.names()}
    tasks = _tasks(ontology.load(settings.ontology))
    model = _model(settings, info)

    @router.get("/tasks", responses=responses(401, 429, 503))
    async def list_tasks() -> list[TaskListed]:
        """The tasks, and the endpoint of each."""
        return tasks

    @router.get("/ontologies", responses=responses(401, 429, 503))
    async def list_ontologies() -> list[OntologyListed]:
        """The ontologies that a request can name."""
        return list(shipped.values())

    @router.get("/ontologies/{name}", responses=responses(401, 404, 429, 503))
    async def show_ontology(name: str) -> OntologyDetail:
        """An ontology, with the entity types that its relations connect."""
        if name not in shipped:
            raise HTTPException(404, "the ontology does not exist; GET /ontologies lists them")
        return shipped[name]

    @router.get("/model", responses=responses(401, 429, 503))
    async def show_model() -> ModelListed:
        """The model and its limits."""
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


def _model(settings: Settings, info: ModelInfo) -> ModelListed:
    limits = {
        name: value
        for name, value in settings.model_dump().items()
        if name.startswith(_LIMITS) and value is not None
    }
    return ModelListed(
        model=info.full_name,
        name=info.name,
        version=info.version,
        precision=info.precision,
        provider=info.provider,
        region_types=list(info.region_types),
        default_ontology=settings.ontology,
        limits=limits | _fixed_limits(info),
    )


def _fixed_limits(info: ModelInfo) -> dict[str, int | float]:
    """The limits that no setting changes: those of the model and of the code."""
    return {
        "max_text_tokens": info.max_text_tokens,
        "max_prompt_tokens": info.max_prompt_tokens,
        "max_total_tokens": info.max_total_tokens,
        "max_regions": MAX_REGIONS,
        "max_region_label_chars": MAX_LABEL_CHARS,
        "max_mentions": MAX_MENTIONS,
        "max_mention_chars": MAX_MENTION_CHARS,
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
