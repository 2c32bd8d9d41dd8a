"""Request bodies as JSON; forms have the same fields.

Validation is strict: a body that the OpenAPI document does not allow is rejected. Limits that
depend on settings are checked by the service.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schema.extraction import Task
from schema.fields import VISIBLE, FailFast, Image, Mentions, Name, Names, Regions, Span

BEFORE_TEXT = "Give the text: "
AFTER_TEXT = "Please extract the following entity type:"
"""The instruction for entities, around the text; the defaults of `InstructBody`."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class EntityGiven(_Body):
    """An entity type of an ontology in a request."""

    name: Name
    codes: Annotated[list[str], FailFast()] = Field([], description="Names in corpora; ignored.")
    parent: str | None = Field(None, description="The coarser type, for the answer only.")


class RelationGiven(_Body):
    """A relation type of an ontology in a request."""

    name: Name
    codes: Annotated[list[str], FailFast()] = Field([], description="Names in corpora; ignored.")
    head: Names = Field([], description="Allowed entity types of the head; empty means any.")
    tail: Names = Field([], description="Allowed entity types of the tail; empty means any.")


class EventGiven(_Body):
    """An event type of an ontology in a request."""

    name: Name
    codes: Annotated[list[str], FailFast()] = Field([], description="Names in corpora; ignored.")
    roles: Names = Field([], description="Roles of its arguments.")


class OntologyGiven(_Body):
    """A label inventory in a request, in the format of the files in `tasks/ontologies`.

    A part that is a string instead of a list is copied from the shipped ontology of that name.
    """

    name: Name = "request"
    title: str = ""
    entities: Annotated[list[Name | EntityGiven], FailFast()] | Name = []
    relations: Annotated[list[Name | RelationGiven], FailFast()] | Name = []
    events: Annotated[list[Name | EventGiven], FailFast()] | Name = []


class PartGiven(_Body):
    """A part of a document: a text, a picture, or both."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["text"], "properties": {"text": {"pattern": VISIBLE}}},
                {"required": ["image"], "properties": {"image": {"type": "string"}}},
            ]
        }
    )

    kind: Literal["part", "step"] = Field(
        "part", description="step: a step of a procedure, which has a text."
    )
    text: str = Field("", description="The text.")
    image: Image | None = Field(None, description="The picture, as in the field `image`.")


class _Input(_Body):
    text: str = Field("", description="The text. Text or image may be omitted, but not both.")
    image: Image | None = Field(
        None, description="A JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC file."
    )
    regions: Regions | None = Field(
        None,
        description="Regions of the image to ground results in; they replace the proposed regions "
        "and get the ids O1, O2, … in this order. With an empty list nothing is grounded.",
        examples=[[[12, 8, 210, 470], {"box": [230, 40, 300, 90], "label": "flag"}]],
    )


MAX_ALTERNATIVES = 3
"""The most alternatives that an entity can have."""

OffsetUnit = Literal["codepoints", "utf16"]


class ChooseBody(_Input):
    """A choice among options, for a span of the text or for a pair of spans."""

    text: str = Field("", description="The text that has the spans.")
    span: Span | None = Field(None, description="Offsets of the span whose type is asked for.")
    head: Span | None = Field(None, description="Offsets of the head of a pair.")
    tail: Span | None = Field(None, description="Offsets of the tail of a pair.")
    options: Names = Field(
        min_length=1,
        description='Types of the span, or relations of the pair. "none" is added implicitly.',
        examples=[["person", "team"]],
    )


class GroundBody(_Body):
    """A search for phrases in an image."""

    image: Image = Field(description="A JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC file.")
    phrases: Names = Field(
        min_length=1,
        description="What to look for, each phrase in words of its own.",
        examples=[["a woman in an orange suit"]],
    )
    regions: Regions | None = Field(
        None, description="Regions to choose from; they replace the proposed regions."
    )


class TaskBody(_Input):
    """A request for one task."""

    ontology: Name | OntologyGiven | None = Field(
        None,
        description="Name of an ontology listed by `GET /ontologies`, or an ontology.",
        examples=["fmnerg51"],
    )
    entity_types: Names | None = Field(
        None, min_length=1, description="Replaces the entity types of the ontology."
    )
    relation_types: Names | None = Field(
        None,
        min_length=1,
        description="Replaces the relation types of the ontology; heads and tails may have any "
        'type. "none" is added implicitly.',
    )
    event_types: Names | None = Field(
        None,
        min_length=1,
        description="Replaces the event types of the ontology. They have no roles, so events have "
        "no arguments.",
    )
    mentions: Mentions | None = Field(
        None,
        description="The spans of the entities, which are then not searched for: offsets in code "
        "points, without overlaps. One without a type gets one of the entity types, or is left out "
        "as none of them.",
        examples=[[{"start": 0, "end": 12, "type": "person"}, {"start": 24, "end": 31}]],
    )
    parts: Annotated[list[PartGiven], FailFast()] | None = Field(
        None,
        min_length=1,
        description="A document: texts and pictures in order. Replaces `text`, `image` and "
        "`regions`.",
        examples=[[{"text": "Kyrie Irving joined the Celtics."}, {"text": "He moved to Boston."}]],
    )
    context: str = Field(
        "",
        description="A caption, a title or background text: read with the text, but nothing is "
        "extracted from it.",
    )
    min_score: float = Field(
        0.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Smallest score of results in the response.",
    )
    alternatives: int = Field(
        0,
        ge=0,
        le=MAX_ALTERNATIVES,
        description="How many of the next likely types each entity has in the response.",
    )
    offsets: OffsetUnit = Field(
        "codepoints",
        description="What the offsets of the response count: Unicode code points, or UTF-16 code "
        "units as JavaScript does.",
    )


class ExtractBody(TaskBody):
    """A request for any set of tasks."""

    tasks: Annotated[list[str], FailFast()] | None = Field(
        None,
        min_length=1,
        description="All by default. Relations are between entities, so the response to "
        "`relations` lists entities too.",
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


class InstructBody(_Input):
    """A free instruction for the model."""

    before: str = Field(BEFORE_TEXT, description="The part of the prompt before the text.")
    after: str = Field(AFTER_TEXT, description="The part of the prompt after the text.")
    spots: Names = Field([], description="Types to choose from.", examples=[["person"]])
    asocs: Names = Field([], description="Roles or relations to choose from.")
    form: FormName = Field(
        "entities",
        description="The grammar of a constrained answer: typed spans (entities, triggers), with "
        "regions (grounded), with other spans (joint), one spot with its roles (arguments), or the "
        "relation of a head and a tail (pair).",
    )
    head: Offsets | None = Field(
        None, description="Offsets of the head of a pair, or of the trigger of arguments."
    )
    tail: Offsets | None = Field(None, description="Offsets of the tail of a pair.")
    constrained: bool = Field(
        True,
        description="Whether decoding is constrained by the grammar and the given labels. "
        "Unconstrained decoding is that of the published code: the output may be malformed or "
        "contain spans that are not in the text.",
    )
