"""What a request asks for, and the answer to it, as sent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from service.vision.request_regions import OwnRegion
from tasks.ontology import Ontology


class Task(StrEnum):
    """What can be asked for."""

    ENTITIES = "entities"
    RELATIONS = "relations"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class ExtractionRequest:
    """A request after validation. `text` is as the caller sent it, `image` the file's bytes.

    Either can be missing; without text only the picture's regions are found. `regions` of the
    caller stand in for those that the model would propose; None leaves them to the model.
    """

    text: str
    image: bytes | None
    tasks: frozenset[Task]
    ontology: Ontology
    min_score: float = 0.0
    regions: tuple[OwnRegion, ...] | None = None
    warnings: tuple[AnswerWarning, ...] = ()


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class AnswerWarning(_Model):
    """Something about the request that keeps the answer from being what its caller expects."""

    type: str = Field(
        description="A stable word: unknown-text, unknown-labels or no-labels.",
        examples=["unknown-text"],
    )
    field: str | None = Field(description="The field of the request that it is about.")
    detail: str = Field(description="The same in words.")


_START = "Where it begins: Unicode code points of the request's text, counted from 0."
_END = "Where it ends, exclusive: `text[start:end]` is the span."
_SCORE = "Probability under the grammar of the tokens that spell it."


class ImageSize(_Model):
    """The upright picture: turned as its EXIF orientation says."""

    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")


class RegionFound(_Model):
    """A part of the picture that something can be grounded in."""

    id: str = Field(description="Its name in this answer.", examples=["O1"])
    label: str = Field(description="What the detector takes it for, or the request calls it.")
    score: float = Field(description="The detector's confidence; 1 for the request's own.")
    box: tuple[float, float, float, float] = Field(
        description="x1, y1, x2, y2 in pixels of the upright picture."
    )


class EntityFound(_Model):
    """A typed mention."""

    id: int = Field(description="Its index in `entities`; relations point to it.")
    text: str
    start: int | None = Field(description=_START)
    end: int | None = Field(description=_END)
    type: str
    score: float = Field(description=_SCORE)
    regions: list[str] = Field(description="Ids of the regions that show it.")


class RelationFound(_Model):
    """A typed pair of entities."""

    type: str
    head: int = Field(description="Id of an entity.")
    tail: int = Field(description="Id of an entity.")
    score: float = Field(description=_SCORE)


class TriggerFound(_Model):
    """The words that tell of an event."""

    text: str
    start: int | None = Field(description=_START)
    end: int | None = Field(description=_END)


class ArgumentFound(_Model):
    """Who or what plays a role in an event: a span of the text or a region of the picture."""

    role: str
    text: str | None = Field(description="Null where a region fills the role.")
    start: int | None = Field(description=_START)
    end: int | None = Field(description=_END)
    region: str | None = Field(description="Id of a region. Null where a span fills the role.")
    score: float = Field(description=_SCORE)


class EventFound(_Model):
    """An event with its arguments."""

    type: str
    trigger: TriggerFound
    score: float = Field(description=_SCORE)
    arguments: list[ArgumentFound]


class Gate(_Model):
    """How far the picture was let into each task's reading; null where the task did not run."""

    entities: float | None
    relations: float | None
    events: float | None


class Timing(_Model):
    """Milliseconds; 0 for what did not run.

    Prompts of a round run side by side, so the longest of each round counts.
    """

    total: float = Field(description="From the body's arrival to the answer.")
    image: float = Field(description="Decoding and scaling the picture.")
    queue: float = Field(description="Waiting for the model.")
    visual: float = Field(description="Finding and encoding regions.")
    fusion: float = Field(description="Encoding text and fusing it with the picture.")
    decode: float = Field(description="Writing the answers.")


class Extraction(_Model):
    """The answer. All keys are always there; what was not asked for is empty.

    `entities` is filled for `relations`, too, since relations point into it.
    """

    image: ImageSize | None = Field(description="Null without a picture.")
    regions: list[RegionFound]
    entities: list[EntityFound] = Field(description="In the order of the text.")
    relations: list[RelationFound]
    events: list[EventFound] = Field(description="In the order of the text.")
    gate: Gate
    model: str
    timing_ms: Timing
    warnings: list[AnswerWarning] = Field(
        [], description="What keeps the answer from being what its caller expects."
    )
