"""Bodies other than the extraction itself."""

from __future__ import annotations

from pydantic import BaseModel, Field


class ExtractForm(BaseModel):
    """The fields of `POST /extract`. Lists are comma-separated, or the field is repeated."""

    text: str = Field("", description="The text, in UTF-8. Text or image can be missing, not both.")
    image: bytes | None = Field(
        None,
        description="A JPEG, PNG or WebP file.",
        json_schema_extra={"type": "string", "format": "binary"},
    )
    tasks: list[str] = Field(
        default_factory=list,
        description="Any of entities, relations, events; all by default. "
        "Relations are between entities, so these are found and listed with them.",
        examples=[["entities", "relations"]],
    )
    ontology: str | None = Field(None, description="One of `GET /ontologies`.")
    entity_types: list[str] | None = Field(None, description="Instead of the ontology's.")
    relation_types: list[str] | None = Field(
        None,
        description="Instead of the ontology's, between entities of any type; none is implied.",
    )
    event_types: list[str] | None = Field(
        None, description="Instead of the ontology's; without roles, so events have no arguments."
    )
    min_score: float = Field(0.0, ge=0, le=1, description="Leave out what scores lower.")


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


class Status(BaseModel):
    """An answer to a probe."""

    status: str


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


class ModelListed(BaseModel):
    """The model that answers, and the limits it answers within."""

    model: str
    region_types: list[str] = Field(description="Labels of a picture's regions.")
    default_ontology: str
    limits: dict[str, int]
