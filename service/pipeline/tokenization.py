"""Token counts and limits of texts and labels, and warnings about unknown tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schema.extraction import AnswerWarning, Task
from schema.responses import Tokenized, TokenLimits
from service.pipeline.mentions import options_of
from service.pipeline.offset_units import Utf16Offsets
from service.pipeline.validated_requests import ExtractionRequest
from tasks import form, instruction
from tasks.errors import FieldError, LabelError
from tasks.instruction import Prompter
from tasks.ontology import NONE
from tasks.source import Source
from tasks.tokenizer import Tokenizer

_SHOWN_LABELS = 3


def tokenize(prompter: Prompter, request: ExtractionRequest) -> Tokenized:
    """Tokenize the text of a request and compute the token limits of its tasks."""
    prompter = with_context(prompter, request)
    ids, offsets = prompter.tokenizer.encode(request.text)
    limits = _limits(prompter, request)
    if request.utf16:
        units = Utf16Offsets(request.text)
        offsets = [(units.of(start), units.of(end)) for start, end in offsets]
    known = [limit for limit in limits.model_dump().values() if limit is not None]
    return Tokenized(
        tokens=len(ids),
        unknown=ids.count(prompter.tokenizer.unknown),
        offsets=offsets,
        max_tokens=limits,
        fits=all(len(ids) <= limit for limit in known),
    )


def passage_tokens(prompter: Prompter, request: ExtractionRequest) -> int:
    """Return the most tokens that a passage of the text may have, so that every task fits."""
    limits = _limits(prompter, request).model_dump().values()
    return min((limit for limit in limits if limit is not None), default=prompter.max_text_tokens)


def with_context(prompter: Prompter, request: ExtractionRequest) -> Prompter:
    """Return a prompter whose prompts have the context of the request.

    Raises:
        FieldError: the context takes more than half of a passage.
    """
    if not request.context.strip():
        return prompter
    most = passage_tokens(prompter, request) // 2
    needed = len(prompter.tokenizer.encode(request.context)[0])
    if needed > most > 0:  # labels that leave no room are refused on their own
        raise FieldError(
            f"the context has {needed} tokens, at most {most} fit beside these labels and a text",
            field="context",
            limit=most,
        )
    return prompter.with_context(request.context)


def max_text_tokens(prompter: Prompter) -> int:
    """Return the most tokens that the text of an extraction with few labels may have."""
    room = instruction.FOLLOW_UP_ROOM
    wordings = (instruction.ENTITIES, instruction.EVENTS)
    return min(prompter.tokens_left(wording, room=room) for wording in wordings)


def check_known(tokenizer: Tokenizer, labels: Iterable[str], field: str) -> None:
    """Check that each label has a known token.

    Args:
        tokenizer: the model's tokenizer.
        labels: the labels to check.
        field: the request field to name in the error.

    Raises:
        LabelError: all tokens of a label are unknown.
    """
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
    """Warn of prompts in which most tokens of the text or of a label are unknown."""
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
    longest = _longest_mention(prompter, request)
    if request.mentions:
        entities = _mention_limit(prompter, request, longest, roles)
    elif types and request.tasks & {Task.ENTITIES, Task.RELATIONS}:
        entities = prompter.tokens_left(instruction.ENTITIES, types, roles, room)
    if entities is not None and Task.RELATIONS in request.tasks and ontology.relations:
        names = [*(kind.name for kind in ontology.relations if kind.name != NONE), NONE]
        wording = instruction.relation(longest, longest)
        relations = min(entities, prompter.tokens_left(wording, asocs=names, room=room))
    if ontology.events and Task.EVENTS in request.tasks:
        types = [kind.name for kind in ontology.events]
        events = prompter.tokens_left(instruction.EVENTS, types, room=room)
    return TokenLimits(entities=entities, relations=relations, events=events)


def _longest_mention(prompter: Prompter, request: ExtractionRequest) -> str:
    """The given mention with the most tokens; empty without one."""
    texts = [request.text[mention.start : mention.end] for mention in request.mentions or ()]
    return max(texts, key=lambda text: len(prompter.tokenizer.encode(text)[0]), default="")


def _mention_limit(
    prompter: Prompter, request: ExtractionRequest, longest: str, roles: Sequence[str]
) -> int:
    """How many tokens a text may have beside the question about any of its mentions."""
    lists = {tuple(options_of(request, mention)) for mention in request.mentions or ()}
    wording = instruction.mention(longest)
    return min(prompter.tokens_left(wording, options, roles) for options in lists)
