"""What a request's body holds, as JSON; forms have the same fields.

Validation is strict: what the OpenAPI document does not admit is refused. Limits that depend on
settings are checked in `service.http.validation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    WithJsonSchema,
)

from schema.base64_image import decode_base64
from schema.extraction import Task
from service.engine.interface import MAX_REGIONS
from service.vision.request_regions import MAX_LABEL_CHARS, OwnRegion, own_regions
from tasks import instruction

VISIBLE = r"\S"


@dataclass(frozen=True, slots=True)
class _FailFast:
    """Stops the validation of a list at its first fault. pydantic's own cannot stand in a union."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return {**handler(source), "fail_fast": True}


Name = Annotated[str, StringConstraints(strip_whitespace=True, pattern=VISIBLE)]
Names = Annotated[list[Name], _FailFast()]

_BOX = {
    "type": "array",
    "items": {"type": "number"},
    "minItems": 4,
    "maxItems": 4,
    "description": "x1, y1, x2, y2 in pixels of the upright image, x1 < x2, y1 < y2.",
}
_REGION = {
    "type": "object",
    "required": ["box"],
    "properties": {
        "box": _BOX,
        "label": {
            "type": ["string", "null"],
            "minLength": 1,
            "maxLength": MAX_LABEL_CHARS,
            "pattern": VISIBLE,
        },
    },
    "additionalProperties": False,
}
_REGIONS = {"type": "array", "items": {"anyOf": [_BOX, _REGION]}, "maxItems": MAX_REGIONS}
_BASE64 = {"type": "string", "contentEncoding": "base64"}


def _decoded(value: Any) -> Any:
    return decode_base64(value) if isinstance(value, str) else value


def _regions(value: Any) -> Any:
    return own_regions(value) if isinstance(value, list) else value


Image = Annotated[bytes, BeforeValidator(_decoded), WithJsonSchema(_BASE64)]
Regions = Annotated[tuple[OwnRegion, ...], BeforeValidator(_regions), WithJsonSchema(_REGIONS)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class EntityGiven(_Body):
    """An entity type of a request's own ontology."""

    name: Name
    codes: Annotated[list[str], _FailFast()] = Field(
        [], description="What corpora call it; not used here."
    )
    parent: str | None = Field(None, description="The coarser type; not used here.")


class RelationGiven(_Body):
    """A relation of a request's own ontology."""

    name: Name
    codes: Annotated[list[str], _FailFast()] = Field(
        [], description="What corpora call it; not used here."
    )
    head: Names = Field([], description="Entity types that it can come from; empty: any.")
    tail: Names = Field([], description="Entity types that it can go to; empty: any.")


class EventGiven(_Body):
    """An event type of a request's own ontology."""

    name: Name
    codes: Annotated[list[str], _FailFast()] = Field(
        [], description="What corpora call it; not used here."
    )
    roles: Names = Field([], description="What its arguments can be.")


class OntologyGiven(_Body):
    """A label inventory that a request brings: the form of the files in `tasks/ontologies`.

    A part that is a name in place of a list is taken from the shipped ontology of that name.
    """

    name: Name = "request"
    title: str = ""
    entities: Annotated[list[Name | EntityGiven], _FailFast()] | Name = []
    relations: Annotated[list[Name | RelationGiven], _FailFast()] | Name = []
    events: Annotated[list[Name | EventGiven], _FailFast()] | Name = []


class _Seen(_Body):
    text: str = Field("", description="The text. Text or image can be missing, not both.")
    image: Image | None = Field(
        None, description="A JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC file."
    )
    regions: Regions | None = Field(
        None,
        description="Parts of the image to ground answers in, instead of those that the model "
        "proposes. They are named O1, O2, … in this order. An empty list offers none.",
        examples=[[[12, 8, 210, 470], {"box": [230, 40, 300, 90], "label": "flag"}]],
    )


class TaskBody(_Seen):
    """One task's request."""

    ontology: Name | OntologyGiven | None = Field(
        None,
        description="One of `GET /ontologies` by name, or one of the request's own.",
        examples=["fmnerg51"],
    )
    entity_types: Names | None = Field(None, min_length=1, description="Instead of the ontology's.")
    relation_types: Names | None = Field(
        None,
        min_length=1,
        description="Instead of the ontology's, between entities of any type; none is implied.",
    )
    event_types: Names | None = Field(
        None,
        min_length=1,
        description="Instead of the ontology's; without roles, so events have no arguments.",
    )
    min_score: float = Field(
        0.0, ge=0, le=1, allow_inf_nan=False, description="Leave out what scores lower."
    )


class ExtractBody(TaskBody):
    """A request for any of the tasks."""

    tasks: Annotated[list[str], _FailFast()] | None = Field(
        None,
        min_length=1,
        description="All by default. Relations are between entities, so these are found and "
        "listed with them.",
        json_schema_extra={
            "anyOf": [
                {
                    "type": "array",
                    "items": {"type": "string", "enum": [str(task) for task in Task]},
                    "minItems": 1,
                },
                {"type": "null"},
            ]
        },
        examples=[["entities", "relations"]],
    )


FormName = Literal["entities", "grounded", "joint", "triggers", "arguments", "pair"]
Offsets = Annotated[list[int], Field(min_length=2, max_length=2)]


class InstructBody(_Seen):
    """One instruction for the model, in so many words."""

    before: str = Field(
        instruction.ENTITIES.before, description="What stands before the text in the prompt."
    )
    after: str = Field(
        instruction.ENTITIES.after, description="What stands behind the text in the prompt."
    )
    spots: Names = Field([], description="Types to choose from.", examples=[["person"]])
    asocs: Names = Field([], description="Roles or relations to choose from.")
    form: FormName = Field(
        "entities",
        description="The shape of a constrained answer: typed spans (entities, triggers), with "
        "regions (grounded), with other spans (joint), one spot with its roles (arguments), or the "
        "relation of a head and a tail (pair).",
    )
    head: Offsets | None = Field(None, description="Where a pair's head stands in the text.")
    tail: Offsets | None = Field(None, description="Where a pair's tail stands in the text.")
    constrained: bool = Field(
        True,
        description="Whether the answer keeps to the grammar and the lists given. Free answers are "
        "the published decoding: they may be malformed, or name what the text does not hold.",
    )
