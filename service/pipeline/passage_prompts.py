"""The prompts of a text that is cut into passages: the first round, and pairs across passages."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from schema.extraction import EntityFound, Task
from service.engine.interface import Prompt, VisualFeatures
from service.pipeline.entities import entity_prompt
from service.pipeline.events import trigger_prompt
from service.pipeline.mentions import MentionPrompt, check_placed, mention_prompts
from service.pipeline.passages import Passage, passages_of, sentence_ends
from service.pipeline.relations import PairPrompt, admitted_pairs, pair_prompts
from service.pipeline.tokenization import check_known, passage_tokens
from service.pipeline.validated_requests import ExtractionRequest
from tasks.errors import LabelError
from tasks.instruction import Prompter

LEAST_PASSAGE_TOKENS = 24
"""Labels that leave fewer tokens for the text are refused."""

_PAIRS_ACROSS = 8
"""Pairs at one boundary between passages, the nearest first."""

_GAP_CHARS = 300
"""Between the entities of such a pair."""


@dataclass(frozen=True, slots=True)
class PassagePrompts:
    """A passage, its text and its prompts of the first round, by task.

    `mentions` are those that the request gives, which have prompts of their own.
    """

    passage: Passage
    text: str
    prompts: dict[Task, Prompt]
    mentions: tuple[MentionPrompt, ...] = ()

    def prompts_of(self, task: Task) -> list[Prompt]:
        """The prompts of a task, those of mentions included."""
        given = [mention.prompt for mention in self.mentions if task is Task.ENTITIES]
        listed = [self.prompts.get(task), *given]
        return [prompt for prompt in listed if prompt is not None]


def first_prompts(
    prompter: Prompter, request: ExtractionRequest, visual: VisualFeatures | None
) -> list[PassagePrompts]:
    """Cut the text into passages and encode their prompts for entities and triggers.

    A text that fits is one passage, with its white space.

    Args:
        prompter: encodes prompts.
        request: the validated request.
        visual: the features of its image, or None.

    Raises:
        LabelError: the labels are invalid, or leave no room for a text.
        FieldError: a mention is not whole in a passage.
    """
    if not request.text.strip():
        return []
    _check_labels(prompter, request)
    passages = _passages(prompter, request)
    check_placed(request, passages)
    return [
        PassagePrompts(
            passage,
            text,
            _prompts(prompter, request, text, visual),
            mention_prompts(prompter, request, passage, visual),
        )
        for passage in passages
        for text in (request.text[passage.start : passage.end],)
    ]


def pairs_across(
    prompter: Prompter,
    request: ExtractionRequest,
    passages: Sequence[Passage],
    entities: Sequence[EntityFound],
) -> list[PairPrompt]:
    """Encode prompts for pairs of entities on either side of a boundary between passages.

    The prompt has the sentences from that of the first entity to that of the second. Pairs that
    are too far from each other for a prompt are left out.
    """
    if len(passages) < 2:
        return []
    most, ends = passage_tokens(prompter, request), sentence_ends(request.text)
    prompts: list[PairPrompt] = []
    starts = [entity.start or 0 for entity in entities]
    for before, behind in pairwise(passages):
        first, last = bisect_left(starts, before.start), bisect_left(starts, behind.end)
        around = entities[first:last]
        left = [e for e in around if _within(e, before) and not _within(e, behind)]
        right = [e for e in around if _within(e, behind) and not _within(e, before)]
        near = _near(left, right)
        sides = {entity.id: entity in left for entity in near}
        admitted = admitted_pairs(near, request.ontology, len(near) ** 2)
        crossing = [p for p in admitted if sides[p.head.id] != sides[p.tail.id]]
        for pair in crossing[:_PAIRS_ACROSS]:
            start, end = _window(ends, pair.head, pair.tail)
            text = request.text[start:end]
            if len(prompter.tokenizer.encode(text)[0]) <= most:
                prompts += pair_prompts(prompter, text, [pair], start=start)
    return prompts


@contextmanager
def labels_of(field: str) -> Iterator[None]:
    """Add the request field, which the prompter does not know, to errors about labels."""
    try:
        yield
    except LabelError as error:
        raise LabelError(str(error), field=field, limit=error.limit) from error


def _passages(prompter: Prompter, request: ExtractionRequest) -> Sequence[Passage]:
    text, most = request.text, passage_tokens(prompter, request)
    fits = len(text) < most or len(prompter.tokenizer.encode(text)[0]) <= most
    if fits or most < LEAST_PASSAGE_TOKENS:
        return [Passage(0, len(text), 0)]
    return passages_of(text, prompter.tokenizer, most)


def _check_labels(prompter: Prompter, request: ExtractionRequest) -> None:
    ontology, tasks = request.ontology, request.tasks
    listed: list[tuple[str, bool, Iterable[str]]] = [
        (
            "entity_types",
            bool(tasks & {Task.ENTITIES, Task.RELATIONS}),
            (kind.name for kind in ontology.entities),
        ),
        ("relation_types", Task.RELATIONS in tasks, (kind.name for kind in ontology.relations)),
        ("event_types", Task.EVENTS in tasks, (kind.name for kind in ontology.events)),
    ]
    for field, used, labels in listed:
        if used:
            check_known(prompter.tokenizer, labels, field)


def _prompts(
    prompter: Prompter, request: ExtractionRequest, text: str, visual: VisualFeatures | None
) -> dict[Task, Prompt]:
    prompts: dict[Task, Prompt] = {}
    if request.mentions is None and request.tasks & {Task.ENTITIES, Task.RELATIONS}:
        with labels_of("entity_types"):
            prompt = entity_prompt(prompter, text, request.ontology, visual, request.alternatives)
        if prompt is not None:
            prompts[Task.ENTITIES] = prompt
    if Task.EVENTS in request.tasks:
        with labels_of("event_types"):
            prompt = trigger_prompt(prompter, text, request.ontology)
        if prompt is not None:
            prompts[Task.EVENTS] = prompt
    return prompts


def _within(entity: EntityFound, passage: Passage) -> bool:
    start, end = entity.start, entity.end
    return start is not None and end is not None and passage.start <= start and end <= passage.end


def _near(left: Sequence[EntityFound], right: Sequence[EntityFound]) -> list[EntityFound]:
    """The entities that are close to the boundary."""
    if not left or not right:
        return []
    first, last = right[0].start or 0, left[-1].end or 0
    return [
        *(e for e in left if first - (e.end or 0) <= _GAP_CHARS),
        *(e for e in right if (e.start or 0) - last <= _GAP_CHARS),
    ]


def _window(ends: Sequence[int], one: EntityFound, other: EntityFound) -> tuple[int, int]:
    """The sentences from the first of two entities to the second, as offsets of the text."""
    start = min(one.start or 0, other.start or 0)
    end = max(one.end or 0, other.end or 0)
    at = bisect_right(ends, start) - 1
    return (ends[at] if at >= 0 else 0), ends[bisect_left(ends, end)]
