"""Which prompts a request needs, and how their answers become one extraction."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from schema.extraction import (
    AnswerWarning,
    EntityFound,
    Extraction,
    ExtractionRequest,
    ImageSize,
    RegionFound,
    Task,
)
from service.engine.interface import Answer, Engine, Prompt, VisualFeatures
from service.engine.preprocess import Preprocess
from service.observability.metrics import Metrics
from service.observability.timing import StageTimer
from service.pipeline.dialogue import Dialogue
from service.pipeline.entities import entities_of, entity_prompt
from service.pipeline.events import Trigger, events_of, trigger_prompt, triggers_of
from service.pipeline.grounding import grounded_records, shown_gate
from service.pipeline.instruct import (
    Instructed,
    InstructionRequest,
    named_in,
    prompt_of,
    records_of,
)
from service.pipeline.regions import referenced, regions_of
from service.pipeline.relations import Question, admitted_pairs, questions, relations_of
from service.pipeline.tokenization import (
    Tokenized,
    check_known,
    max_text_tokens,
    tokenize,
    warnings_of,
)
from service.settings import Settings
from service.vision.encoder import ImageEncoder, View
from service.vision.proposers.proposer import Proposer
from tasks.errors import LabelError
from tasks.instruction import Prompter


@dataclass(frozen=True, slots=True)
class _Draft:
    """What the first round found, with the second round's prompts."""

    entities: list[EntityFound]
    questions: list[Question]
    triggers: list[Trigger]

    def prompts(self) -> dict[Task, list[Prompt]]:
        return {
            Task.RELATIONS: [question.prompt for question in self.questions],
            Task.EVENTS: [t.prompt for t in self.triggers if t.prompt is not None],
        }


class Extractor:
    """Answers requests in two rounds: entities and triggers, then pairs and arguments."""

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
        self._engine = engine
        self._prompter = prompter
        self._settings = settings
        self._metrics = metrics
        self._image_encoder = ImageEncoder(engine, preprocess, settings, metrics, proposer)
        self.region_types = tuple(region_types)
        self.model_name = model_name

    @property
    def max_text_tokens(self) -> int:
        """How many tokens the text of an extraction may have while its labels are few."""
        return max_text_tokens(self._prompter)

    def tokenize(self, request: ExtractionRequest) -> Tokenized:
        """The tokens of a request's text, and how many there may be."""
        return tokenize(self._prompter, request)

    async def extract(
        self, request: ExtractionRequest, watch: StageTimer | None = None
    ) -> Extraction:
        """The answer to `request`. Raises leaves of `InputError` and `CapacityError`.

        The prompts are encoded on a thread, since a long text with many pairs takes a while.
        """
        watch = watch or StageTimer()
        view = await self._look(request, watch)
        visual = view.visual if view else None
        dialogue = Dialogue(self._engine, visual, watch)
        opening = await asyncio.to_thread(self._opening, request, visual)
        said = await dialogue.ask(opening)
        draft = await asyncio.to_thread(self._draft, request, said)
        said = await dialogue.ask(draft.prompts())
        events = events_of(draft.triggers, said[Task.EVENTS], request.min_score)
        answer = Extraction(
            image=ImageSize(width=view.width, height=view.height) if view else None,
            regions=self._regions(view, referenced(draft.entities, events)),
            entities=draft.entities,
            relations=relations_of(draft.questions, said[Task.RELATIONS], request.min_score),
            events=events,
            gate=dialogue.gate(),
            model=self.model_name,
            timing_ms=watch.read(),
            warnings=[*request.warnings, *self._warnings(*opening.values())],
        )
        self._metrics.count_answer(answer)
        return answer

    async def instruct(
        self, request: InstructionRequest, watch: StageTimer | None = None
    ) -> Instructed:
        """The answer to a free instruction; raises leaves of `InputError` and `CapacityError`."""
        watch = watch or StageTimer()
        view = await self._look(request, watch)
        prompt = await asyncio.to_thread(prompt_of, self._prompter, request)
        (answer,) = await self._engine.generate([prompt], view.visual if view else None)
        watch.add(answer.timing_ms)
        records = records_of(answer)
        return Instructed(
            output=self._prompter.tokenizer.decode(list(answer.ids)),
            ids=list(answer.ids),
            records=records,
            image=ImageSize(width=view.width, height=view.height) if view else None,
            regions=self._regions(view, named_in(records)),
            gate=shown_gate(answer.gate),
            model=self.model_name,
            timing_ms=watch.read(),
            warnings=self._warnings([prompt]),
        )

    def close(self) -> None:
        """End the threads that decode pictures."""
        self._image_encoder.close()

    async def _look(
        self, request: ExtractionRequest | InstructionRequest, watch: StageTimer
    ) -> View | None:
        if request.image is None:
            return None
        return await self._image_encoder.look(request.image, watch, request.regions, request.text)

    def _opening(
        self, request: ExtractionRequest, visual: VisualFeatures | None
    ) -> dict[Task, list[Prompt]]:
        prompts: dict[Task, list[Prompt]] = {}
        if not request.text.strip():
            return prompts
        if request.tasks & {Task.ENTITIES, Task.RELATIONS}:
            with _labels_of("entity_types"):
                self._check_known(kind.name for kind in request.ontology.entities)
                found = entity_prompt(self._prompter, request.text, request.ontology, visual)
            prompts[Task.ENTITIES] = [found] if found else []
        if Task.RELATIONS in request.tasks:
            with _labels_of("relation_types"):
                self._check_known(kind.name for kind in request.ontology.relations)
        if Task.EVENTS in request.tasks:
            with _labels_of("event_types"):
                self._check_known(kind.name for kind in request.ontology.events)
                found = trigger_prompt(self._prompter, request.text, request.ontology)
            prompts[Task.EVENTS] = [found] if found else []
        return prompts

    def _check_known(self, labels: Iterable[str]) -> None:
        check_known(self._prompter.tokenizer, labels, "labels")

    def _warnings(self, *rounds: Sequence[Prompt]) -> list[AnswerWarning]:
        sources = [prompt.source for prompts in rounds for prompt in prompts]
        return warnings_of(self._prompter.tokenizer, sources)

    def _draft(self, request: ExtractionRequest, said: dict[Task, list[Answer]]) -> _Draft:
        prompter, text, ontology = self._prompter, request.text, request.ontology
        entities = entities_of(grounded_records(said[Task.ENTITIES]), request.min_score)
        asked: list[Question] = []
        if Task.RELATIONS in request.tasks:
            pairs = admitted_pairs(entities, ontology, self._settings.max_pairs)
            with _labels_of("relation_types"):
                asked = questions(prompter, text, pairs)
        with _labels_of("event_types"):
            triggers = triggers_of(
                prompter,
                text,
                ontology,
                grounded_records(said[Task.EVENTS]),
                request.min_score,
                self._settings.max_triggers,
            )
        return _Draft(entities, asked, triggers)

    def _regions(self, view: View | None, named: set[str]) -> list[RegionFound]:
        if view is None:
            return []
        return regions_of(view, self._settings.min_region_score, named)


@contextmanager
def _labels_of(field: str) -> Iterator[None]:
    """Name the request's field where a prompter says only that labels are at fault."""
    try:
        yield
    except LabelError as error:
        raise LabelError(str(error), field=field, limit=error.limit) from error
