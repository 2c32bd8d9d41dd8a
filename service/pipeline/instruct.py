"""Free instructions: the prompt of a request, and the response with the raw output."""

from __future__ import annotations

from collections.abc import Sequence

from schema.responses import AsocFound, RecordFound, SpanFound
from service.engine.interface import Answer, Prompt
from service.pipeline.tokenization import check_known
from service.pipeline.validated_requests import InstructionRequest
from tasks.errors import FieldError, LabelError
from tasks.instruction import Prompter
from tasks.records import Asoc, Record, Region, Span


def prompt_of(prompter: Prompter, request: InstructionRequest) -> Prompt:
    """Encode the prompt of an instruction.

    Raises:
        TextTooLong: the prompt has too many tokens.
        LabelError: a label list is invalid, or a label has only unknown tokens.
        FieldError: `head` or `tail` starts or ends inside a token.
    """
    check_known(prompter.tokenizer, request.spots, "spots")
    check_known(prompter.tokenizer, request.asocs, "asocs")
    try:
        source = prompter.encode(request.text, request.wording, request.spots, request.asocs)
    except LabelError as error:
        field = "spots" if request.spots else "asocs"
        raise LabelError(str(error), field=field, limit=error.limit) from error
    ranges = []
    for field, offsets in (("head", request.head), ("tail", request.tail)):
        pieces = None if offsets is None else source.locate(*offsets)
        if offsets is not None and pieces is None:
            raise FieldError(f"{field} begins or ends within a token", field=field)
        ranges.append(pieces)
    return Prompt(
        source, request.form, head=ranges[0], tail=ranges[1], constrained=request.constrained
    )


def records_of(answer: Answer) -> list[RecordFound]:
    """Convert the records of an answer to the wire format."""
    return [_record(record) for record in answer.records]


def named_in(records: Sequence[RecordFound]) -> set[str]:
    """Return the ids of the regions that occur in records."""
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
