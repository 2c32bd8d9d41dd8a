"""Bodies of answers other than the extraction itself."""

from __future__ import annotations

from pydantic import BaseModel, Field

from schema.extraction import Extraction


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(
        description="A stable word for the kind of problem.", examples=["empty-input"]
    )
    title: str = Field(description="The kind of problem, in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="This problem, in words.")
    field: str | None = Field(None, description="The field of the request at fault.")
    limit: int | None = Field(None, description="The largest that is admitted.")


class BatchAnswer(BaseModel):
    """The answer to one line of a batch: an extraction or a problem."""

    line: int = Field(description="The line's number, counted from 1, empty ones included.")
    extraction: Extraction | None = Field(description="Null where there is a problem.")
    problem: Problem | None = Field(description="Null where there is an extraction.")


class Status(BaseModel):
    """An answer to a probe."""

    status: str


class TaskListed(BaseModel):
    """A task and how it is asked for."""

    name: str = Field(description="Its word in `tasks`.")
    endpoint: str = Field(description="Where it is asked for alone.")
    description: str
    labels: str = Field(description="The field that names its labels.")
    default_labels: list[str] = Field(description="Those of the default ontology.")


class RelationListed(BaseModel):
    """A relation and the entity types that it can hold between; empty: any."""

    type: str
    head: list[str]
    tail: list[str]


class EventTypeListed(BaseModel):
    """An event type and its roles."""

    type: str
    roles: list[str]


class OntologyListed(BaseModel):
    """A label inventory that ships with the service."""

    name: str
    title: str
    entity_types: list[str]
    relation_types: list[str]
    event_types: list[EventTypeListed]


class OntologyDetail(OntologyListed):
    """A label inventory with what its relations hold between."""

    relations: list[RelationListed]


class ModelListed(BaseModel):
    """The model that answers, and the limits it answers within."""

    model: str = Field(description="Name and version, as answers carry them.")
    name: str
    version: str
    precision: str
    provider: str = Field(description="What runs the graphs.")
    region_types: list[str] = Field(
        description="Labels of a picture's regions; empty where text or request bring them."
    )
    default_ontology: str
    limits: dict[str, int | float] = Field(
        description="By the setting's name: UMIE_ and capitals set it. Of the model itself: "
        "`max_text_tokens`, a text of `/extract` with few labels; `max_prompt_tokens`, a text with "
        "its instruction; `max_total_tokens`, both with all labels of a task, each of which takes "
        "one token more than it has. `POST /tokenize` counts them."
    )


class ServerMetadata(BaseModel):
    """The server, as the Open Inference Protocol tells it."""

    name: str
    version: str
    extensions: list[str]


class ModelMetadata(BaseModel):
    """The model, as the Open Inference Protocol tells it; it has no tensors to offer."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[dict[str, str]]
    outputs: list[dict[str, str]]


class Live(BaseModel):
    """Whether the server lives."""

    live: bool


class Ready(BaseModel):
    """Whether the server is ready."""

    ready: bool


class ModelReady(BaseModel):
    """Whether the model is ready."""

    name: str
    ready: bool
