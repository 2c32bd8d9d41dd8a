"""Response bodies other than the extraction."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from schema.document import only_for_parts
from schema.extraction import (
    AnswerWarning,
    DocumentExtraction,
    EntityFound,
    Extraction,
    ImageSize,
    RegionFound,
    Timing,
)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Result(_Model):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class SpanFound(_Result):
    """A mention; the offsets are null if the text does not contain it."""

    text: str
    start: int | None = Field(description="Unicode code points of the request's text, from 0.")
    end: int | None = Field(description="Exclusive.")


class AsocFound(_Result):
    """A role or relation with its filler: a span or a region."""

    label: str
    span: SpanFound | None
    region: str | None = Field(description="Id of a region.")
    score: float


class RecordFound(_Result):
    """A spot with its asocs."""

    label: str | None
    span: SpanFound | None
    asocs: list[AsocFound]
    score: float


class Instructed(_Result):
    """The response to an instruction. All keys are always present."""

    output: str = Field(description="The decoded output, markers included.")
    ids: list[int] = Field(description="The output token ids.")
    records: list[RecordFound] = Field(description="The records parsed from the output.")
    image: ImageSize | None = Field(description="Null if the request has no image.")
    regions: list[RegionFound]
    gate: float = Field(description="Gate value: the weight of the image; 0 without an image.")
    model: str
    timing_ms: Timing
    warnings: list[AnswerWarning] = Field(
        [], description="Why the response may be less useful than expected."
    )


class TokenLimits(BaseModel):
    """Most tokens that a text may have beside each task's instruction and labels.

    Null if the task is not requested or has no labels; negative if the labels alone are too long.
    """

    entities: int | None
    relations: int | None
    events: int | None


class Tokenized(_Model):
    """The tokens of a request's text."""

    tokens: int = Field(description="Number of tokens of the text.")
    unknown: int = Field(description="Number of unknown tokens among them.")
    offsets: list[tuple[int, int]] = Field(
        description="Start and end of each token in the request's text, in the unit of `offsets`."
    )
    max_tokens: TokenLimits
    fits: bool = Field(description="Whether the text is short enough for every requested task.")


class Problem(_Model):
    """A problem document (RFC 9457)."""

    type: str = Field(
        description="Stable identifier of the kind of problem.", examples=["empty-input"]
    )
    title: str = Field(description="Short summary of the kind of problem.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="Explanation of this problem.")
    field: str | None = Field(None, description="The invalid field of the request.")
    limit: int | None = Field(None, description="The largest allowed value.")


class BatchAnswer(_Model):
    """The response to one line of a batch: an extraction or a problem."""

    line: int = Field(description="Line number, counted from 1; empty lines count.")
    extraction: Extraction | None = Field(description="Null if there is a problem.")
    problem: Problem | None = Field(description="Null if there is an extraction.")


class PassageAnswer(_Model):
    """A line of a streamed response: the entities of one passage, before they are merged."""

    passage: int = Field(description="Number of the passage, counted from 0.")
    of: int = Field(description="Number of passages.")
    part: int | None = Field(
        None,
        description="Index of the text's part; only in answers to `parts`.",
        exclude_if=only_for_parts,
    )
    start: int = Field(description="Start of the passage in the text.")
    end: int = Field(description="End of the passage, exclusive.")
    entities: list[EntityFound] = Field(
        description="Offsets are those of the whole text; ids count within this line."
    )


class StreamedText(_Model):
    """The first line of a streamed response to a document: the text that was read."""

    text: str


class StreamedAnswer(_Model):
    """The last line of a streamed response."""

    extraction: DocumentExtraction | Extraction


class StreamedProblem(_Model):
    """The last line of a streamed response after an error."""

    problem: Problem


STREAMED_LINES = (StreamedText, PassageAnswer, StreamedAnswer, StreamedProblem)
"""The lines of a streamed response."""


class Status(_Model):
    """The response to a health probe."""

    status: str


class TaskListed(_Model):
    """An extraction task and how to request it."""

    name: str = Field(description="Name in the field `tasks`.")
    endpoint: str = Field(description="Path of the endpoint for this task alone.")
    description: str
    labels: str = Field(description="The request field with the labels of this task.")
    default_labels: list[str] = Field(description="Labels of the default ontology.")


class RelationListed(_Model):
    """A relation type and the allowed entity types of its head and tail; empty means any."""

    type: str
    head: list[str]
    tail: list[str]


class EventTypeListed(_Model):
    """An event type and its roles."""

    type: str
    roles: list[str]


class OntologyListed(_Model):
    """A label inventory that ships with the service."""

    name: str
    title: str
    entity_types: list[str]
    relation_types: list[str]
    event_types: list[EventTypeListed]


class OntologyDetail(OntologyListed):
    """A label inventory with the head and tail types of its relations."""

    relations: list[RelationListed]


class ModelListed(_Model):
    """The loaded model and its limits."""

    model: str = Field(description="Name and version, as in other responses.")
    name: str
    version: str
    precision: str
    provider: str = Field(description="The ONNX Runtime execution provider.")
    region_types: list[str] = Field(
        description="Labels of proposed regions; empty if they come from the text or the request."
    )
    default_ontology: str
    limits: dict[str, int | float] = Field(
        description="Limits by the name of the setting; the environment variable is the name in "
        "capitals with the prefix UMIE_. Limits of the model: `max_text_tokens`, a text of "
        "`/extract` with few labels; `max_prompt_tokens`, a text with its instruction; "
        "`max_total_tokens`, both with all labels of a task, where each label takes one token "
        "more than it has. `POST /tokenize` counts tokens."
    )


class ServerMetadata(_Model):
    """Server metadata of the Open Inference Protocol."""

    name: str
    version: str
    extensions: list[str]


class ModelMetadata(_Model):
    """Model metadata of the Open Inference Protocol; the model exposes no tensors."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[dict[str, str]]
    outputs: list[dict[str, str]]


class Live(_Model):
    """Whether the server is live."""

    live: bool


class Ready(_Model):
    """Whether the server is ready."""

    ready: bool


class ModelReady(_Model):
    """Whether the model is ready."""

    name: str
    ready: bool
