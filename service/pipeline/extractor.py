"""Answers requests: encodes the image, runs two rounds of prompts, combines the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from schema.extraction import (
    AnswerWarning,
    ClusterFound,
    EntityFound,
    EventFound,
    Extraction,
    ImageSize,
    RegionFound,
    Task,
)
from schema.responses import Instructed, Tokenized
from service.engine.interface import Answer, Engine, Prompt
from service.engine.preprocess import Preprocess
from service.observability.metrics import Metrics
from service.observability.timing import StageTimer
from service.pipeline.documents import clusters_found, merge_entities, merge_events
from service.pipeline.entities import entities_of
from service.pipeline.events import Trigger, events_of, triggers_of
from service.pipeline.instruct import named_in, prompt_of, records_of
from service.pipeline.passage_prompts import (
    PassagePrompts,
    first_prompts,
    labels_of,
    pairs_across,
)
from service.pipeline.progress import Progress, first_round, prompts_by_task
from service.pipeline.prompt_rounds import PromptRounds, grounded_records, rounded_gate
from service.pipeline.regions import referenced, regions_of
from service.pipeline.relations import PairPrompt, admitted_pairs, pair_prompts, relations_of
from service.pipeline.tokenization import max_text_tokens, tokenize, warnings_of
from service.pipeline.validated_requests import ExtractionRequest, InstructionRequest
from service.settings import Settings
from service.vision.encoder import EncodedImage, ImageEncoder
from service.vision.proposers.proposer import Proposer
from tasks.instruction import Prompter


@dataclass(frozen=True, slots=True)
class _Draft:
    """The results of the first round and the prompts of the second.

    Attributes:
        entities: the entities of the whole text.
        clusters: the entities that name one thing, put together.
        pairs: prompts for relations between them.
        triggers: the triggers of each passage, offsets counted from it.
    """

    entities: list[EntityFound]
    clusters: list[ClusterFound]
    pairs: list[PairPrompt]
    triggers: list[list[Trigger]]

    def prompts(self) -> dict[Task, list[Prompt]]:
        return {
            Task.RELATIONS: [pair.prompt for pair in self.pairs],
            Task.EVENTS: [t.prompt for part in self.triggers for t in part if t.prompt is not None],
        }


class Extractor:
    """Answers requests in two rounds of prompts.

    The first round finds entities and triggers, the second relations of entity pairs and arguments
    of triggers. A text that does not fit a prompt is cut into passages, which share the rounds.
    Prompts are encoded on a thread, because many pairs in a long text take a while.
    """

    def __init__(
        self,
        engine: Engine,
        prompter: Prompter,
        settings: Settings,
        preprocess: Preprocess | None,
        region_types: Sequence[str],
        model_name: str,
        metrics: Metrics,
        proposer: Proposer | None = None,
    ) -> None:
        """Create the extractor.

        Args:
            engine: generates answers and encodes images.
            prompter: encodes prompts.
            settings: limits and thresholds.
            preprocess: prepares images; None if the model has no visual tower.
            region_types: all labels of proposed regions; empty if they are free text.
            model_name: name and version for responses.
            metrics: receives stage durations and counts of results.
            proposer: proposes regions instead of the visual tower, or None.
        """
        self._engine = engine
        self._prompter = prompter
        self._settings = settings
        self._metrics = metrics
        self._image_encoder = ImageEncoder(engine, preprocess, settings, metrics, proposer)
        self.region_types = tuple(region_types)
        self.model_name = model_name

    @property
    def max_text_tokens(self) -> int:
        """Most tokens that the text of an extraction with few labels may have."""
        return max_text_tokens(self._prompter)

    def tokenize(self, request: ExtractionRequest) -> Tokenized:
        """Tokenize the text of a request and compute its token limits."""
        return tokenize(self._prompter, request)

    async def extract(
        self,
        request: ExtractionRequest,
        timer: StageTimer | None = None,
        progress: Progress | None = None,
    ) -> Extraction:
        """Extract entities, relations and events.

        Args:
            request: the validated request.
            timer: a running timer of the request; a new one by default.
            progress: receives the entities of each passage when they are found.

        Raises:
            InputError: a leaf of it, if the text, the labels or the image cannot be used.
            CapacityError: a leaf of it, if the engine cannot answer now.
        """
        timer = timer or StageTimer()
        image = await self._encode_image(request, timer)
        visual = image.visual if image else None
        rounds = PromptRounds(self._engine, visual, timer)
        parts = await asyncio.to_thread(first_prompts, self._prompter, request, visual)
        answers = await first_round(rounds, parts, request.min_score, progress)
        draft = await asyncio.to_thread(self._draft, request, parts, answers)
        answers = await rounds.run(draft.prompts())
        events = self._events(request, parts, draft, answers[Task.EVENTS])
        extraction = Extraction(
            image=_size_of(image),
            regions=self._regions(image, referenced(draft.entities, events)),
            entities=draft.entities,
            clusters=draft.clusters,
            relations=relations_of(draft.pairs, answers[Task.RELATIONS], request.min_score),
            events=events,
            gate=rounds.gate(),
            model=self.model_name,
            timing_ms=timer.read(),
            warnings=[*request.warnings, *self._warnings(*prompts_by_task(parts).values())],
        )
        self._metrics.count_extraction(extraction)
        return extraction

    async def instruct(
        self, request: InstructionRequest, timer: StageTimer | None = None
    ) -> Instructed:
        """Generate the answer to a free instruction.

        Args:
            request: the validated request.
            timer: a running timer of the request; a new one by default.

        Raises:
            InputError: a leaf of it, if the text, the labels or the image cannot be used.
            CapacityError: a leaf of it, if the engine cannot answer now.
        """
        timer = timer or StageTimer()
        image = await self._encode_image(request, timer)
        prompt = await asyncio.to_thread(prompt_of, self._prompter, request)
        (answer,) = await self._engine.generate([prompt], image.visual if image else None)
        timer.add(answer.timing_ms)
        records = records_of(answer)
        return Instructed(
            output=self._prompter.tokenizer.decode(list(answer.ids)),
            ids=list(answer.ids),
            records=records,
            image=_size_of(image),
            regions=self._regions(image, named_in(records)),
            gate=rounded_gate(answer.gate),
            model=self.model_name,
            timing_ms=timer.read(),
            warnings=self._warnings([prompt]),
        )

    def close(self) -> None:
        """Stop the threads of the image encoder."""
        self._image_encoder.close()

    async def _encode_image(
        self, request: ExtractionRequest | InstructionRequest, timer: StageTimer
    ) -> EncodedImage | None:
        if request.image is None:
            return None
        return await self._image_encoder.encode(request.image, timer, request.regions, request.text)

    def _warnings(self, *rounds: Sequence[Prompt]) -> list[AnswerWarning]:
        sources = [prompt.source for prompts in rounds for prompt in prompts]
        return warnings_of(self._prompter.tokenizer, sources)

    def _draft(
        self,
        request: ExtractionRequest,
        parts: Sequence[PassagePrompts],
        answers: dict[Task, list[Answer]],
    ) -> _Draft:
        passages = [part.passage for part in parts]
        found = [
            entities_of(grounded_records([answer]), request.min_score)
            for answer in answers[Task.ENTITIES]
        ] or [[] for _ in parts]
        entities, ids = merge_entities(passages, found)
        pairs: list[PairPrompt] = []
        if Task.RELATIONS in request.tasks:
            with labels_of("relation_types"):
                for part, local, numbers in zip(parts, found, ids, strict=True):
                    pairs += self._pairs(request, part.text, local, numbers)
                pairs += pairs_across(self._prompter, request, passages, entities)
        with labels_of("event_types"):
            triggers = [
                triggers_of(
                    self._prompter,
                    part.text,
                    request.ontology,
                    grounded_records([answer]),
                    request.min_score,
                    self._settings.max_triggers,
                )
                for part, answer in zip(parts, answers[Task.EVENTS], strict=False)
            ]
        return _Draft(entities, clusters_found(entities, request.ontology), pairs, triggers)

    def _pairs(
        self,
        request: ExtractionRequest,
        text: str,
        entities: Sequence[EntityFound],
        ids: Sequence[int | None],
    ) -> list[PairPrompt]:
        """Encode the prompts for pairs in one passage; entities get their ids in the document."""
        named = [
            entity.model_copy(update={"id": number})
            for entity, number in zip(entities, ids, strict=True)
            if number is not None
        ]
        pairs = admitted_pairs(named, request.ontology, self._settings.max_pairs)
        return pair_prompts(self._prompter, text, pairs)

    def _events(
        self,
        request: ExtractionRequest,
        parts: Sequence[PassagePrompts],
        draft: _Draft,
        answers: Sequence[Answer],
    ) -> list[EventFound]:
        remaining = iter(answers)
        found = [events_of(part, remaining, request.min_score) for part in draft.triggers]
        return merge_events([part.passage for part in parts[: len(found)]], found)

    def _regions(self, image: EncodedImage | None, named: set[str]) -> list[RegionFound]:
        if image is None:
            return []
        return regions_of(image, self._settings.min_region_score, named)


def _size_of(image: EncodedImage | None) -> ImageSize | None:
    return None if image is None else ImageSize(width=image.width, height=image.height)
