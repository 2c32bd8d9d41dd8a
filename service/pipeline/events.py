"""Events: a prompt for all triggers, then one for the arguments of each trigger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schema.extraction import ArgumentFound, EventFound, TriggerFound
from service.engine.interface import Answer, Prompt
from service.pipeline.prompt_rounds import grounded_records
from tasks import form, instruction
from tasks.errors import TextTooLong
from tasks.instruction import Prompter
from tasks.ontology import Ontology
from tasks.records import Asoc, Record, Span


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger of an event.

    Attributes:
        type: the event type.
        span: the span of the trigger.
        score: its score, in 0..1.
        prompt: the prompt for its arguments; None if no arguments are generated.
    """

    type: str
    span: Span
    score: float
    prompt: Prompt | None


def trigger_prompt(prompter: Prompter, text: str, ontology: Ontology) -> Prompt | None:
    """Encode the prompt for all triggers.

    Returns:
        The prompt; None if the ontology has no event types.

    Raises:
        TextTooLong: the prompt has too many tokens.
        LabelError: the labels are invalid or too many.
    """
    if not ontology.events:
        return None
    spots = [kind.name for kind in ontology.events]
    room = instruction.FOLLOW_UP_ROOM
    source = prompter.encode(text, instruction.EVENTS, spots=spots, room=room)
    return Prompt(source, form.TRIGGERS)


def triggers_of(
    prompter: Prompter,
    text: str,
    ontology: Ontology,
    records: Iterable[Record],
    min_score: float,
    limit: int,
) -> list[Trigger]:
    """Convert records to triggers and encode the prompts for their arguments.

    Args:
        prompter: encodes prompts.
        text: the text as sent.
        ontology: the labels.
        records: the records of the answer to the trigger prompt.
        min_score: records with a smaller score are dropped.
        limit: most triggers with a prompt; those with the highest scores get one.

    Returns:
        The triggers in text order, without duplicates.
    """
    found: dict[tuple[str, Span], float] = {}
    for record in records:
        if record.label is not None and record.span is not None and record.score >= min_score:
            key = (record.label, record.span)
            found[key] = max(record.score, found.get(key, 0.0))
    ordered = sorted(found, key=lambda key: (key[1].start or 0, key[1].end or 0, key[0]))
    best = set(sorted(ordered, key=lambda key: -found[key])[:limit])
    triggers = []
    for kind, span in ordered:
        prompt = None
        if (kind, span) in best:
            prompt = _argument_prompt(prompter, text, ontology, kind, span)
        triggers.append(Trigger(kind, span, found[kind, span], prompt))
    return triggers


def events_of(
    triggers: Sequence[Trigger], answers: Iterable[Answer], min_score: float
) -> list[EventFound]:
    """Combine triggers and arguments to events; arguments may be nested.

    Args:
        triggers: the triggers, in the order of the result.
        answers: the answers to the prompts of the triggers that have one, in order.
        min_score: arguments with a smaller score are dropped.
    """
    remaining = iter(answers)
    events = []
    for trigger in triggers:
        asocs: list[Asoc] = []
        if trigger.prompt is not None:
            asocs = [
                asoc
                for record in grounded_records([next(remaining)])
                for asoc in record.asocs
                if asoc.score >= min_score
            ]
        events.append(
            EventFound(
                type=trigger.type,
                trigger=TriggerFound(
                    text=trigger.span.text, start=trigger.span.start, end=trigger.span.end
                ),
                score=round(trigger.score, 4),
                arguments=[_argument(asoc) for asoc in asocs],
            )
        )
    return events


def _argument_prompt(
    prompter: Prompter, text: str, ontology: Ontology, kind: str, span: Span
) -> Prompt | None:
    roles = ontology.event(kind).roles
    if not roles:
        return None
    wording = instruction.arguments(span.text)
    try:
        source = prompter.encode(text, wording, spots=[kind], asocs=roles)
    except TextTooLong:  # a trigger of very many tokens
        return None
    head = None
    if span.start is not None and span.end is not None:
        head = source.locate(span.start, span.end)
    return Prompt(source, form.ARGUMENTS, head)


def _argument(asoc: Asoc) -> ArgumentFound:
    span = asoc.filler if isinstance(asoc.filler, Span) else None
    return ArgumentFound(
        role=asoc.label,
        text=span.text if span else None,
        start=span.start if span else None,
        end=span.end if span else None,
        region=None if isinstance(asoc.filler, Span) else asoc.filler.name,
        score=round(asoc.score, 4),
    )
