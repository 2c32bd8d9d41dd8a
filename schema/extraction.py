"""The response of an extraction: regions, entities, relations and events."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from schema.document import PartImage, StepFound, TraceFound, only_for_parts


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


_START = (
    "Start offset in the request's text, or its part's, counted from 0: Unicode code points, or "
    "UTF-16 code units where the request's `offsets` says so."
)
_END = "End offset, exclusive: `text[start:end]` is the span."
_PART = "Index in the request's `parts`, from 0; only in answers to `parts`."
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
    part: int | None = Field(None, description=_PART, exclude_if=only_for_parts)


class TypeScored(_Model):
    """A type that an entity may have instead of its own."""

    type: str
    score: float = Field(description="Its probability in the decision for the entity's type.")


class EntityFound(_Model):
    """A typed mention."""

    id: int = Field(description="Index in `entities`, used by relations.")
    text: str
    start: int | None = Field(description=_START)
    end: int | None = Field(description=_END)
    type: str
    score: float = Field(description=f"{_SCORE} 1 for a mention whose type the request gives.")
    regions: list[str] = Field(description="Ids of the regions that show the entity.")
    parent: str | None = Field(
        None, description="The coarser type that the ontology gives to `type`; null if none."
    )
    alternatives: list[TypeScored] = Field(
        [], description="The next likely types, as many as the request asks for."
    )
    part: int | None = Field(None, description=_PART, exclude_if=only_for_parts)


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
    entity: int | None = Field(None, description="Id of the entity that the argument is.")
    regions: list[str] = Field(
        [], description="Ids of the regions that show it: its own, or those of its entity."
    )


class EventFound(_Model):
    """An event with its arguments."""

    type: str
    trigger: TriggerFound
    score: float = Field(description=_SCORE)
    arguments: list[ArgumentFound]
    part: int | None = Field(None, description=_PART, exclude_if=only_for_parts)


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
    """The response of an extraction. All keys but those of parts are present; lists may be empty.

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
    images: list[PartImage] | None = Field(
        None,
        description="The pictures of the parts. Only in answers to `parts`.",
        exclude_if=only_for_parts,
    )
    steps: list[StepFound] | None = Field(
        None,
        description="What each part of kind `step` names. Only in answers to `parts`.",
        exclude_if=only_for_parts,
    )
    trace: list[TraceFound] | None = Field(
        None,
        description="The things that two or more steps name. Only in answers to `parts`.",
        exclude_if=only_for_parts,
    )


class DocumentExtraction(Extraction):
    """The response of an extraction from a document."""

    text: str = Field(description="The text that was read from the document; offsets refer to it.")
