"""The response of an extraction: regions, entities, relations and events."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Task(StrEnum):
    """The extraction tasks."""

    ENTITIES = "entities"
    RELATIONS = "relations"
    EVENTS = "events"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class AnswerWarning(_Model):
    """A property of the request that makes the response less useful than expected."""

    type: str = Field(
        description="Stable identifier: unknown-text, unknown-labels or no-labels.",
        examples=["unknown-text"],
    )
    field: str | None = Field(description="The field of the request that causes the warning.")
    detail: str = Field(description="Explanation.")


_START = "Start offset, in Unicode code points of the request's text, counted from 0."
_END = "End offset, exclusive: `text[start:end]` is the span."
_SCORE = "Product of the constrained probabilities of the item's tokens."


class ImageSize(_Model):
    """Size of the upright image, after its EXIF orientation is applied."""

    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")


class RegionFound(_Model):
    """A region of the image that entities and arguments can be grounded in."""

    id: str = Field(description="Identifier within this response.", examples=["O1"])
    label: str = Field(description="The detector's class, or the label in the request.")
    score: float = Field(description="The detector's confidence; 1 for regions of the request.")
    box: tuple[float, float, float, float] = Field(
        description="x1, y1, x2, y2 in pixels of the upright image."
    )


class EntityFound(_Model):
    """A typed mention."""

    id: int = Field(description="Index in `entities`, used by relations.")
    text: str
    start: int | None = Field(description=_START)
    end: int | None = Field(description=_END)
    type: str
    score: float = Field(description=_SCORE)
    regions: list[str] = Field(description="Ids of the regions that show the entity.")


class RelationFound(_Model):
    """A typed relation between two entities."""

    type: str
    head: int = Field(description="Id of an entity.")
    tail: int = Field(description="Id of an entity.")
    score: float = Field(description=_SCORE)


class TriggerFound(_Model):
    """The span that expresses an event."""

    text: str
    start: int | None = Field(description=_START)
    end: int | None = Field(description=_END)


class ArgumentFound(_Model):
    """An argument of an event: a span of the text or a region of the image."""

    role: str
    text: str | None = Field(description="Null if the argument is a region.")
    start: int | None = Field(description=_START)
    end: int | None = Field(description=_END)
    region: str | None = Field(description="Id of a region. Null if the argument is a span.")
    score: float = Field(description=_SCORE)


class EventFound(_Model):
    """An event with its arguments."""

    type: str
    trigger: TriggerFound
    score: float = Field(description=_SCORE)
    arguments: list[ArgumentFound]


class ClusterFound(_Model):
    """Entities that name one thing: the same name, its initials, or part of a person's name."""

    id: int = Field(description="Its index in `clusters`.")
    name: str = Field(description="The longest of the entities' names.")
    type: str
    entities: list[int] = Field(description="Ids of the entities, in the order of the text.")


class Gate(_Model):
    """Mean gate value of each task's prompts: the weight of the image; null if it did not run."""

    entities: float | None
    relations: float | None
    events: float | None


class Timing(_Model):
    """Duration of each stage in milliseconds; 0 for stages that did not run.

    The prompts of a round run in parallel, so the longest duration of each round counts.
    """

    total: float = Field(description="From the arrival of the body to the response.")
    image: float = Field(description="Decoding and scaling the image.")
    queue: float = Field(description="Waiting for the engine.")
    visual: float = Field(description="Proposing and encoding regions.")
    fusion: float = Field(description="Encoding the text and fusing it with the image.")
    decode: float = Field(description="Decoding the output tokens.")


class Extraction(_Model):
    """The response of an extraction. All keys are always present; lists may be empty.

    `entities` is filled for the task `relations` too, because relations refer to it.
    """

    image: ImageSize | None = Field(description="Null if the request has no image.")
    regions: list[RegionFound]
    entities: list[EntityFound] = Field(description="In text order.")
    clusters: list[ClusterFound] = Field(
        [], description="Every entity is in one; a knowledge graph has one node for each."
    )
    relations: list[RelationFound]
    events: list[EventFound] = Field(description="In text order.")
    gate: Gate
    model: str
    timing_ms: Timing
    warnings: list[AnswerWarning] = Field(
        [], description="Why the response may be less useful than expected."
    )


class DocumentExtraction(Extraction):
    """The response of an extraction from a document."""

    text: str = Field(description="The text that was read from the document; offsets refer to it.")
