"""Mentions that a request gives: which type each has, and in which region it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from schema.extraction import EntityFound
from schema.mentions import FIELD, RequestMention
from service.engine.interface import Answer, Engine, Prompt, VisualFeatures
from service.pipeline.entities import entities_of
from service.pipeline.passages import Passage
from service.pipeline.prompt_rounds import grounded_records
from service.pipeline.validated_requests import ExtractionRequest
from tasks import form, instruction
from tasks.errors import FieldError, LabelError, TextTooLong
from tasks.instruction import Prompter, Wording
from tasks.ontology import NONE
from tasks.records import Record, Span
from tasks.source import Source

_ALONE = Wording("Give the text: ")


@dataclass(frozen=True, slots=True)
class MentionPrompt:
    """A mention, with offsets counted from its passage, and the prompt that asks about it.

    `type` is the one that the request gives; `prompt` is None where there is nothing to ask.
    """

    span: Span
    type: str | None
    prompt: Prompt | None


def check_placed(request: ExtractionRequest, passages: Sequence[Passage]) -> None:
    """Raise `FieldError` where a mention is in none of the passages of a long text as a whole."""
    for index, mention in enumerate(request.mentions or ()):
        if not any(_within(mention, passage) for passage in passages):
            starts = (passage.start for passage in passages if passage.start > mention.start)
            cut = next(starts, mention.end)
            raise FieldError(
                f"{FIELD}[{index}] crosses from one passage of the long text into the next, which "
                f"begins at {cut}: end it before that, begin it there, or send a shorter text",
                field=FIELD,
            )


def check_takes_spans(engine: Engine, field: str) -> None:
    """Raise `FieldError` where the engine's weights do not answer about given spans."""
    if not engine.takes_spans:
        raise FieldError(
            "this model does not answer about given spans; the service must run weights of the "
            "span-first order, such as the included ones (GET /model names the model)",
            field=field,
        )


def mention_prompts(
    prompter: Prompter,
    request: ExtractionRequest,
    passage: Passage,
    visual: VisualFeatures | None,
) -> tuple[MentionPrompt, ...]:
    """Encode the prompts for the mentions in one passage.

    A mention without a type is asked for one among the entity types and "none". With regions it is
    asked for its region too, and then so is one with a type.

    Args:
        prompter: encodes prompts.
        request: the validated request.
        passage: the passage; mentions that are not in it as a whole are left out.
        visual: the features of the request's image, or None.

    Returns:
        The mentions in text order.

    Raises:
        FieldError: a mention begins or ends within a token, or has no room.
    """
    text = request.text[passage.start : passage.end]
    grounded = visual is not None and len(visual.boxes) > 0
    given = [
        (index, mention)
        for index, mention in enumerate(request.mentions or ())
        if _within(mention, passage)
    ]
    alone = prompter.encode(text, _ALONE) if given else None
    found = []
    for index, mention in sorted(given, key=lambda pair: pair[1].start):
        span = Span.of(text, mention.start - passage.start, mention.end - passage.start)
        source = alone
        if mention.type is None or grounded:
            source = _source(prompter, text, span, options_of(request, mention), grounded, index)
        assert source is not None
        head = located(source, span, f"{FIELD}[{index}]")
        prompt = None
        if source is not alone:
            shape = form.GROUNDED_CHOICE if grounded else form.CHOICE
            most = request.alternatives + 1 if request.alternatives else 0  # one may be "none"
            prompt = Prompt(source, shape, head=head, alternatives=most)
        found.append(MentionPrompt(span, mention.type, prompt))
    return tuple(found)


def options_of(request: ExtractionRequest, mention: RequestMention) -> list[str]:
    """The types that a mention can get: the listed ones and "none", or its own."""
    if mention.type is not None:
        return [mention.type]
    listed = [kind.name for kind in request.ontology.entities]
    return [*(name for name in listed if name.casefold() != NONE), NONE]


def located(source: Source, span: Span, path: str) -> tuple[int, int]:
    """The pieces of a given span; raises `FieldError`, about the item `path`, if not whole."""
    assert span.start is not None and span.end is not None
    pieces = source.locate(span.start, span.end)
    if pieces is None:
        raise FieldError(
            f"{path} begins or ends within a word or character: give whole words, whose offsets "
            "POST /tokenize returns",
            field=path.partition("[")[0],
        )
    return pieces


def entities_given(
    mentions: Sequence[MentionPrompt],
    answers: Iterator[Answer],
    min_score: float,
    alternatives: int = 0,
) -> list[EntityFound]:
    """Convert the mentions of a passage to entities; what is "none" of the types is left out.

    Args:
        mentions: the mentions with their prompts.
        answers: the answers to the prompts, of which the first ones are taken.
        min_score: mentions whose type has a smaller score are dropped; a given type has 1.0.
        alternatives: how many of its next likely types an entity has, at most.
    """
    records: list[Record] = []
    for mention in mentions:
        if mention.prompt is None:
            records.append(Record(mention.type, mention.span))
        else:
            found = grounded_records([next(answers)])
            records += [_among_types(record, alternatives) for record in found]
    return entities_of((record for record in records if record.label != NONE), min_score)


def _among_types(record: Record, most: int) -> Record:
    """The record with at most so many alternatives, of which none is "none"."""
    types = [other for other in record.alternatives if other.label != NONE]
    return replace(record, alternatives=tuple(types[:most]))


def _source(
    prompter: Prompter, text: str, span: Span, options: Sequence[str], grounded: bool, index: int
) -> Source:
    roles = [form.REGION_ROLE] if grounded else []
    try:
        return prompter.encode(text, instruction.mention(span.text), options, roles)
    except (TextTooLong, LabelError) as error:
        raise FieldError(
            f"{FIELD}[{index}] cannot be asked about: {error}; give fewer or shorter types, or a "
            "shorter mention",
            field=FIELD,
            limit=error.limit,
        ) from error


def _within(mention: RequestMention, passage: Passage) -> bool:
    return passage.start <= mention.start and mention.end <= passage.end
