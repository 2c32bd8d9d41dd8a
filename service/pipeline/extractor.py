"""Answers requests: encodes the image, runs two rounds of prompts, combines the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from schema.extraction import (
    AnswerWarning,
    EntityFound,
    Extraction,
    ImageSize,
    RegionFound,
    Task,
)
from schema.responses import Instructed, Tokenized
from service.engine.interface import Answer, Engine, Prompt, VisualFeatures
from service.engine.preprocess import Preprocess
from service.observability.metrics import Metrics
from service.observability.timing import StageTimer
from service.pipeline.entities import entities_of, entity_prompt
from service.pipeline.events import Trigger, events_of, trigger_prompt, triggers_of
from service.pipeline.instruct import named_in, prompt_of, records_of
from service.pipeline.prompt_rounds import PromptRounds, grounded_records, rounded_gate
from service.pipeline.regions import referenced, regions_of
from service.pipeline.relations import PairPrompt, admitted_pairs, pair_prompts, relations_of
from service.pipeline.tokenization import check_known, max_text_tokens, tokenize, warnings_of
from service.pipeline.validated_requests import ExtractionRequest, InstructionRequest
from service.settings import Settings
from service.vision.encoder import EncodedImage, ImageEncoder
from service.vision.proposers.proposer import Proposer
from tasks.errors import LabelError
from tasks.instruction import Prompter


@dataclass(frozen=True, slots=True)
class _Draft:
    """The results of the first round and the prompts of the second."""

    entities: list[EntityFound]
    pairs: list[PairPrompt]
    triggers: list[Trigger]

    def prompts(self) -> dict[Task, list[Prompt]]:
        return {
            Task.RELATIONS: [pair.prompt for pair in self.pairs],
            Task.EVENTS: [t.prompt for t in self.triggers if t.prompt is not None],
        }


class Extractor:
    """Answers requests in two rounds of prompts.

    The first round finds entities and triggers, the second relations of entity pairs and arguments
    of triggers. Prompts are encoded on a thread, because many pairs in a long text take a while.
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
        self, request: ExtractionRequest, timer: StageTimer | None = None
    ) -> Extraction:
        """Extract entities, relations and events.

        Args:
            request: the validated request.
            timer: a running timer of the request; a new one by default.

        Raises:
            InputError: a leaf of it, if the text, the labels or the image cannot be used.
            CapacityError: a leaf of it, if the engine cannot answer now.
        """
        timer = timer or StageTimer()
        image = await self._encode_image(request, timer)
        visual = image.visual if image else None
        rounds = PromptRounds(self._engine, visual, timer)
        first = await asyncio.to_thread(self._first_prompts, request, visual)
        draft = await asyncio.to_thread(self._draft, request, await rounds.run(first))
        answers = await rounds.run(draft.prompts())
        events = events_of(draft.triggers, answers[Task.EVENTS], request.min_score)
        extraction = Extraction(
            image=_size_of(image),
            regions=self._regions(image, referenced(draft.entities, events)),
            entities=draft.entities,
            relations=relations_of(draft.pairs, answers[Task.RELATIONS], request.min_score),
            events=events,
            gate=rounds.gate(),
            model=self.model_name,
            timing_ms=timer.read(),
            warnings=[*request.warnings, *self._warnings(*first.values())],
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

    def _first_prompts(
        self, request: ExtractionRequest, visual: VisualFeatures | None
    ) -> dict[Task, list[Prompt]]:
        prompts: dict[Task, list[Prompt]] = {}
        if not request.text.strip():
            return prompts
        if request.tasks & {Task.ENTITIES, Task.RELATIONS}:
            with _labels_of("entity_types"):
                self._check_known(kind.name for kind in request.ontology.entities)
                prompt = entity_prompt(self._prompter, request.text, request.ontology, visual)
            prompts[Task.ENTITIES] = [prompt] if prompt else []
        if Task.RELATIONS in request.tasks:
            with _labels_of("relation_types"):
                self._check_known(kind.name for kind in request.ontology.relations)
        if Task.EVENTS in request.tasks:
            with _labels_of("event_types"):
                self._check_known(kind.name for kind in request.ontology.events)
                prompt = trigger_prompt(self._prompter, request.text, request.ontology)
            prompts[Task.EVENTS] = [prompt] if prompt else []
        return prompts

    def _check_known(self, labels: Iterable[str]) -> None:
        check_known(self._prompter.tokenizer, labels, "labels")

    def _warnings(self, *rounds: Sequence[Prompt]) -> list[AnswerWarning]:
        sources = [prompt.source for prompts in rounds for prompt in prompts]
        return warnings_of(self._prompter.tokenizer, sources)

    def _draft(self, request: ExtractionRequest, answers: dict[Task, list[Answer]]) -> _Draft:
        prompter, text, ontology = self._prompter, request.text, request.ontology
        entities = entities_of(grounded_records(answers[Task.ENTITIES]), request.min_score)
        prompts: list[PairPrompt] = []
        if Task.RELATIONS in request.tasks:
            pairs = admitted_pairs(entities, ontology, self._settings.max_pairs)
            with _labels_of("relation_types"):
                prompts = pair_prompts(prompter, text, pairs)
        with _labels_of("event_types"):
            triggers = triggers_of(
                prompter,
                text,
                ontology,
                grounded_records(answers[Task.EVENTS]),
                request.min_score,
                self._settings.max_triggers,
            )
        return _Draft(entities, prompts, triggers)

    def _regions(self, image: EncodedImage | None, named: set[str]) -> list[RegionFound]:
        if image is None:
            return []
        return regions_of(image, self._settings.min_region_score, named)


def _size_of(image: EncodedImage | None) -> ImageSize | None:
    return None if image is None else ImageSize(width=image.width, height=image.height)


@contextmanager
def _labels_of(field: str) -> Iterator[None]:
    """Add the request field, which the prompter does not know, to errors about labels."""
    try:
        yield
    except LabelError as error:
        raise LabelError(str(error), field=field, limit=error.limit) from error
