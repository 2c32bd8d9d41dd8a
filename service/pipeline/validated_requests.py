"""Requests after validation, as the pipeline takes them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from schema.errors import InvalidField
from schema.extraction import AnswerWarning, Task
from schema.mentions import RequestMention
from schema.regions import RequestRegion
from tasks import form
from tasks.errors import FieldError
from tasks.form import Form
from tasks.instruction import Wording
from tasks.ontology import Ontology

FORMS: dict[str, Form] = {
    "entities": form.ENTITIES,
    "grounded": form.GROUNDED,
    "joint": form.JOINT,
    "triggers": form.TRIGGERS,
    "arguments": form.ARGUMENTS,
    "pair": form.PAIR,
}
"""Answer forms by their names in requests."""


@contextmanager
def field_errors() -> Iterator[None]:
    """Raise `FieldError` for an `InvalidField` of the wire format."""
    try:
        yield
    except InvalidField as error:
        raise FieldError(str(error), field=error.field) from error


@dataclass(frozen=True, slots=True)
class DocumentPart:
    """A part of a request: a text, the file of a picture, or both.

    Attributes:
        text: the text as sent; empty if the part has none.
        image: the image file, or None.
        step: whether it is a step of a procedure.
    """

    text: str
    image: bytes | None
    step: bool = False


@dataclass(frozen=True, slots=True)
class ExtractionRequest:
    """A request for an extraction.

    Attributes:
        text: the text as sent; empty if the request has an image alone.
        image: the image file, or None. Without a text only its regions are proposed.
        tasks: the requested tasks.
        ontology: the labels of all tasks.
        min_score: smallest score of results in the response.
        regions: regions that replace the proposed ones; None proposes regions.
        warnings: warnings of the validation, which the response repeats.
        alternatives: how many of its next likely types an entity has, at most.
        utf16: whether the offsets of the response count UTF-16 code units.
        mentions: the entities' spans, in the order of the request; None to find them.
        parts: the parts of a request; None if it is the text and the image alone, which are then
            those of the one part.
        context: read before every passage of the text; nothing is extracted from it.
    """

    text: str
    image: bytes | None
    tasks: frozenset[Task]
    ontology: Ontology
    min_score: float = 0.0
    regions: tuple[RequestRegion, ...] | None = None
    warnings: tuple[AnswerWarning, ...] = ()
    alternatives: int = 0
    utf16: bool = False
    mentions: tuple[RequestMention, ...] | None = None
    parts: tuple[DocumentPart, ...] | None = None
    context: str = ""


@dataclass(frozen=True, slots=True)
class InstructionRequest:
    """A free instruction.

    Attributes:
        text: the text as sent.
        image: the image file, or None.
        regions: as in `ExtractionRequest`.
        wording: the instruction before and after the text.
        spots: types to choose from.
        asocs: roles or relations to choose from.
        form: the grammar of the answer.
        head: offsets of the head of a pair, half-open, in code points of the text.
        tail: offsets of the tail.
        constrained: whether decoding is constrained by the grammar.
    """

    text: str
    image: bytes | None
    regions: tuple[RequestRegion, ...] | None
    wording: Wording
    spots: tuple[str, ...]
    asocs: tuple[str, ...]
    form: Form
    head: tuple[int, int] | None = None
    tail: tuple[int, int] | None = None
    constrained: bool = True


@dataclass(frozen=True, slots=True)
class ChoiceRequest:
    """A choice among options.

    Attributes:
        text: the text as sent.
        image: the image file, or None.
        regions: as in `ExtractionRequest`.
        head: offsets of the span, or of the head of a pair, half-open, in code points of the text.
        tail: offsets of the tail; None without a pair.
        options: types of the span or relations of the pair, without "none".
    """

    text: str
    image: bytes | None
    regions: tuple[RequestRegion, ...] | None
    head: tuple[int, int]
    tail: tuple[int, int] | None
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PhrasesRequest:
    """Phrases to find in an image; `regions` are as in `ExtractionRequest`."""

    image: bytes
    regions: tuple[RequestRegion, ...] | None
    phrases: tuple[str, ...]
