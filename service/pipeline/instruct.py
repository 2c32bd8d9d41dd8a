"""A free instruction, and the answer to it as the model wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from schema.extraction import AnswerWarning, ImageSize, RegionFound, Timing
from service.engine.interface import Answer, Prompt
from service.pipeline.tokenization import check_known
from service.vision.request_regions import OwnRegion
from tasks import form
from tasks.errors import FieldError, LabelError
from tasks.form import Form
from tasks.instruction import Prompter, Wording
from tasks.records import Asoc, Record, Region, Span

FORMS: dict[str, Form] = {
    "entities": form.ENTITIES,
    "grounded": form.GROUNDED,
    "joint": form.JOINT,
    "triggers": form.TRIGGERS,
    "arguments": form.ARGUMENTS,
    "pair": form.PAIR,
}


@dataclass(frozen=True, slots=True)
class InstructionRequest:
    """An instruction after validation; `head` and `tail` are character ranges of the text."""

    text: str
    image: bytes | None
    regions: tuple[OwnRegion, ...] | None
    wording: Wording
    spots: tuple[str, ...]
    asocs: tuple[str, ...]
    form: Form
    head: tuple[int, int] | None = None
    tail: tuple[int, int] | None = None
    constrained: bool = True


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class SpanFound(_Model):
    """A mention; offsets are null where the text does not hold it."""

    text: str
    start: int | None = Field(description="Unicode code points of the request's text, from 0.")
    end: int | None = Field(description="Exclusive.")


class AsocFound(_Model):
    """A role or relation and what fills it: a span or a region."""

    label: str
    span: SpanFound | None
    region: str | None = Field(description="Id of a region.")
    score: float


class RecordFound(_Model):
    """A spot with its asocs."""

    label: str | None
    span: SpanFound | None
    asocs: list[AsocFound]
    score: float


class Instructed(_Model):
    """The answer to an instruction. All keys are always there."""

    output: str = Field(description="What the model wrote, markers included.")
    ids: list[int] = Field(description="The tokens that it wrote.")
    records: list[RecordFound] = Field(description="What can be read off it.")
    image: ImageSize | None = Field(description="Null without a picture.")
    regions: list[RegionFound]
    gate: float = Field(description="How far the picture was let in; 0 without one.")
    model: str
    timing_ms: Timing
    warnings: list[AnswerWarning] = Field(
        [], description="What keeps the answer from being what its caller expects."
    )


def prompt_of(prompter: Prompter, request: InstructionRequest) -> Prompt:
    """The prompt for an instruction; raises `TextTooLong`, `LabelError` and `FieldError`."""
    check_known(prompter.tokenizer, request.spots, "spots")
    check_known(prompter.tokenizer, request.asocs, "asocs")
    try:
        source = prompter.encode(request.text, request.wording, request.spots, request.asocs)
    except LabelError as error:
        field = "spots" if request.spots else "asocs"
        raise LabelError(str(error), field=field, limit=error.limit) from error
    places = []
    for field, offsets in (("head", request.head), ("tail", request.tail)):
        place = None if offsets is None else source.locate(*offsets)
        if offsets is not None and place is None:
            raise FieldError(f"{field} begins or ends within a token", field=field)
        places.append(place)
    return Prompt(
        source, request.form, head=places[0], tail=places[1], constrained=request.constrained
    )


def records_of(answer: Answer) -> list[RecordFound]:
    """The answer's records, as sent."""
    return [_record(record) for record in answer.records]


def named_in(records: Sequence[RecordFound]) -> set[str]:
    """The ids of the regions that records name."""
    return {a.region for record in records for a in record.asocs if a.region is not None}


def _record(record: Record) -> RecordFound:
    return RecordFound(
        label=record.label,
        span=_span(record.span),
        asocs=[_asoc(asoc) for asoc in record.asocs],
        score=round(record.score, 4),
    )


def _asoc(asoc: Asoc) -> AsocFound:
    filler = asoc.filler
    return AsocFound(
        label=asoc.label,
        span=None if isinstance(filler, Region) else _span(filler),
        region=filler.name if isinstance(filler, Region) else None,
        score=round(asoc.score, 4),
    )


def _span(span: Span | None) -> SpanFound | None:
    return None if span is None else SpanFound(text=span.text, start=span.start, end=span.end)
