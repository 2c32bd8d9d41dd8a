"""Tokens of texts and labels: how many there are, may be, and are unknown to the model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict, Field

from schema.extraction import AnswerWarning, ExtractionRequest, Task
from tasks import form, instruction
from tasks.errors import LabelError
from tasks.instruction import Prompter
from tasks.ontology import NONE
from tasks.source import Source
from tasks.tokenizer import Tokenizer

_SHOWN_LABELS = 3


class TokenLimits(BaseModel):
    """How many tokens a text may have beside each task's instruction and labels.

    Null for a task that is not asked for or has no labels; below 0 the labels alone are too many.
    """

    entities: int | None
    relations: int | None
    events: int | None


class Tokenized(BaseModel):
    """A request's text in tokens."""

    model_config = ConfigDict(frozen=True)

    tokens: int = Field(description="How many tokens the text has.")
    unknown: int = Field(description="How many of them the model does not know.")
    offsets: list[tuple[int, int]] = Field(
        description="Start and end of each token: Unicode code points of the request's text."
    )
    max_tokens: TokenLimits
    fits: bool = Field(description="Whether the text is short enough for every task asked for.")


def tokenize(prompter: Prompter, request: ExtractionRequest) -> Tokenized:
    """The tokens of a request's text, and how many there may be."""
    ids, offsets = prompter.tokenizer.encode(request.text)
    room = _limits(prompter, request)
    told = [limit for limit in room.model_dump().values() if limit is not None]
    return Tokenized(
        tokens=len(ids),
        unknown=ids.count(prompter.tokenizer.unknown),
        offsets=offsets,
        max_tokens=room,
        fits=all(len(ids) <= limit for limit in told),
    )


def max_text_tokens(prompter: Prompter) -> int:
    """How many tokens a text of an extraction may have while its labels are few."""
    room = instruction.FOLLOW_UP_ROOM
    wordings = (instruction.ENTITIES, instruction.EVENTS)
    return min(prompter.tokens_left(wording, room=room) for wording in wordings)


def check_known(tokenizer: Tokenizer, labels: Iterable[str], field: str) -> None:
    """Raise `LabelError` where a label is made of unknown tokens alone."""
    for label in labels:
        if label.isascii():
            continue
        ids, _ = tokenizer.encode(label)
        if ids and all(index == tokenizer.unknown for index in ids):
            raise LabelError(
                f"the model does not know the characters of the label {label!r}; name it in a "
                "script that the model was trained on",
                field=field,
            )


def warnings_of(tokenizer: Tokenizer, sources: Sequence[Source]) -> list[AnswerWarning]:
    """What to tell of prompts whose texts or labels are made mostly of unknown tokens."""
    warnings = []
    if any(_is_unknown(tokenizer, _text_ids(source)) for source in sources):
        detail = "most of the text's tokens are unknown to the model; expect nothing of the answer"
        warnings.append(AnswerWarning(type="unknown-text", field="text", detail=detail))
    labels = {
        label.name: None
        for source in sources
        for label in (*source.spots, *source.asocs)
        if _is_unknown(tokenizer, source.ids[label.start : label.stop])
    }
    if labels:
        shown = ", ".join(repr(label) for label in list(labels)[:_SHOWN_LABELS])
        detail = f"{len(labels)} labels are made mostly of unknown tokens, among them {shown}"
        warnings.append(AnswerWarning(type="unknown-labels", field=None, detail=detail))
    return warnings


def _text_ids(source: Source) -> list[int]:
    return [source.ids[piece.position] for piece in source.pieces]


def _is_unknown(tokenizer: Tokenizer, ids: Sequence[int]) -> bool:
    return 2 * sum(index == tokenizer.unknown for index in ids) > len(ids)


def _limits(prompter: Prompter, request: ExtractionRequest) -> TokenLimits:
    room, ontology = instruction.FOLLOW_UP_ROOM, request.ontology
    types = [kind.name for kind in ontology.entities]
    roles = [form.REGION_ROLE] if request.image is not None else []
    entities = relations = events = None
    if types and request.tasks & {Task.ENTITIES, Task.RELATIONS}:
        entities = prompter.tokens_left(instruction.ENTITIES, types, roles, room)
    if entities is not None and Task.RELATIONS in request.tasks and ontology.relations:
        names = [*(kind.name for kind in ontology.relations if kind.name != NONE), NONE]
        relations = min(
            entities, prompter.tokens_left(instruction.relation("", ""), asocs=names, room=room)
        )
    if ontology.events and Task.EVENTS in request.tasks:
        types = [kind.name for kind in ontology.events]
        events = prompter.tokens_left(instruction.EVENTS, types, room=room)
    return TokenLimits(entities=entities, relations=relations, events=events)
