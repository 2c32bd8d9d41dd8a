"""The two rounds of prompts of one text, and its results from their answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from schema.extraction import EntityFound, EventFound, RelationFound, Task
from service.engine.interface import Answer, Prompt, VisualFeatures
from service.pipeline.documents import merge_entities, merge_events
from service.pipeline.entities import entities_of, with_parents
from service.pipeline.events import Trigger, events_of, triggers_of
from service.pipeline.mentions import entities_given
from service.pipeline.offset_units import Utf16Offsets
from service.pipeline.passage_prompts import (
    PassagePrompts,
    first_prompts,
    labels_of,
    pairs_across,
)
from service.pipeline.passages import Passage
from service.pipeline.prompt_rounds import grounded_records
from service.pipeline.relations import PairPrompt, admitted_pairs, pair_prompts, relations_of
from service.pipeline.tokenization import with_context
from service.pipeline.validated_requests import ExtractionRequest
from service.settings import Settings
from tasks.instruction import Prompter

Prompts = dict[Task, list[Prompt]]


@dataclass(frozen=True, slots=True)
class TextResults:
    """What one text has; ids and offsets count from it."""

    entities: list[EntityFound]
    relations: list[RelationFound]
    events: list[EventFound]


@dataclass
class TextExtraction:
    """The state of one text between the rounds.

    Its methods are called in the order in which they stand here. Those that encode prompts take a
    while for a long text and belong on a thread.

    Attributes:
        prompter: encodes prompts.
        settings: limits and thresholds.
        request: the text, its labels and tasks.
        visual: the features of the picture that the text is read with, or None.
    """

    prompter: Prompter
    settings: Settings
    request: ExtractionRequest
    visual: VisualFeatures | None
    _parts: list[PassagePrompts] = field(init=False)
    _entities: list[EntityFound] = field(init=False)
    _pairs: list[PairPrompt] = field(init=False)
    _triggers: list[list[Trigger]] = field(init=False)

    def first_round(self) -> Prompts:
        """Cut the text into passages and encode their prompts for entities and triggers.

        Raises:
            LabelError: the labels are invalid, or leave no room for a text.
            FieldError: the context leaves no room for a text.
        """
        if self.request.text.strip():
            self.prompter = with_context(self.prompter, self.request)
        self._parts = first_prompts(self.prompter, self.request, self.visual)
        return {task: [p for part in self._parts for p in part.prompts_of(task)] for task in Task}

    @property
    def asks_for_spans(self) -> bool:
        """Whether the first round asks for the types of given mentions."""
        return any(mention.prompt for part in self._parts for mention in part.mentions)

    @property
    def passages(self) -> Sequence[PassagePrompts]:
        """The passages with their prompts of the first round."""
        return self._parts

    def entities_in(self, part: PassagePrompts, answers: Sequence[Answer]) -> list[EntityFound]:
        """Take the answers of one passage alone.

        Returns:
            Its entities, ids counted in the passage. Offsets count from the text, in the unit that
            the request names.
        """
        # of one passage: moves the offsets
        moved = merge_entities([part.passage], [self._found_in(part, answers)]).entities
        entities = with_parents(moved, self.request.ontology)
        if not self.request.utf16:
            return entities
        return [self._units.span(entity) for entity in entities]

    def span_of(self, passage: Passage) -> tuple[int, int]:
        """Start and end of a passage in the text, in the unit that the request names."""
        if not self.request.utf16:
            return passage.start, passage.end
        return self._units.of(passage.start), self._units.of(passage.end)

    def second_round(self, answers: Mapping[Task, Sequence[Answer]]) -> Prompts:
        """Take the answers of the first round; encode prompts for relations and arguments."""
        min_score, parts = self.request.min_score, self._parts
        found = self._found(answers[Task.ENTITIES])
        entities, ids = merge_entities([part.passage for part in parts], found)
        self._entities = with_parents(entities, self.request.ontology)
        self._pairs = self._all_pairs(found, ids) if Task.RELATIONS in self.request.tasks else []
        with labels_of("event_types"):
            self._triggers = [
                triggers_of(
                    self.prompter,
                    part.text,
                    self.request.ontology,
                    grounded_records([answer]),
                    min_score,
                    self.settings.max_triggers,
                )
                for part, answer in zip(parts, answers[Task.EVENTS], strict=False)
            ]
        return {
            Task.RELATIONS: [pair.prompt for pair in self._pairs],
            Task.EVENTS: [
                t.prompt for part in self._triggers for t in part if t.prompt is not None
            ],
        }

    def results(self, answers: Mapping[Task, Sequence[Answer]]) -> TextResults:
        """Take the answers of the second round."""
        min_score = self.request.min_score
        relations = relations_of(self._pairs, answers[Task.RELATIONS], min_score)
        return TextResults(self._entities, relations, self._events(answers[Task.EVENTS]))

    @cached_property
    def _units(self) -> Utf16Offsets:
        return Utf16Offsets(self.request.text)

    def _found(self, answers: Sequence[Answer]) -> list[list[EntityFound]]:
        """The entities of each passage, with offsets counted from it."""
        remaining = iter(answers)
        return [
            self._found_in(part, list(islice(remaining, len(part.prompts_of(Task.ENTITIES)))))
            for part in self._parts
        ]

    def _found_in(self, part: PassagePrompts, answers: Sequence[Answer]) -> list[EntityFound]:
        if self.request.mentions is not None:
            most = self.request.alternatives
            return entities_given(part.mentions, iter(answers), self.request.min_score, most)
        return entities_of(grounded_records(answers), self.request.min_score)

    def _all_pairs(
        self, found: Sequence[Sequence[EntityFound]], ids: Sequence[Sequence[int | None]]
    ) -> list[PairPrompt]:
        passages = [part.passage for part in self._parts]
        with labels_of("relation_types"):
            pairs: list[PairPrompt] = []
            for part, local, numbers in zip(self._parts, found, ids, strict=True):
                pairs += self._pairs_in(part.text, local, numbers)
            return pairs + pairs_across(self.prompter, self.request, passages, self._entities)

    def _pairs_in(
        self, text: str, entities: Sequence[EntityFound], ids: Sequence[int | None]
    ) -> list[PairPrompt]:
        """Encode the prompts for pairs in one passage; entities get their ids in the text."""
        named = [
            entity.model_copy(update={"id": number})
            for entity, number in zip(entities, ids, strict=True)
            if number is not None
        ]
        pairs = admitted_pairs(named, self.request.ontology, self.settings.max_pairs)
        return pair_prompts(self.prompter, text, pairs)

    def _events(self, answers: Iterable[Answer]) -> list[EventFound]:
        remaining = iter(answers)
        min_score = self.request.min_score
        found = [events_of(part, remaining, min_score) for part in self._triggers]
        passages = [part.passage for part in self._parts[: len(found)]]
        return merge_events(passages, found, self._entities)
