"""Answers many requests at once in two rounds of prompts, without threads or a queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.eager import EagerModel
from schema.extraction import (
    EntityFound,
    Extraction,
    Gate,
    ImageSize,
    Task,
    Timing,
)
from service.engine.interface import Answer, Prompt, VisualFeatures
from service.pipeline.argument_entities import ArgumentEntities
from service.pipeline.documents import clusters_found
from service.pipeline.entities import entities_of, entity_prompt, with_parents
from service.pipeline.events import Trigger, events_of, trigger_prompt, triggers_of
from service.pipeline.regions import referenced, regions_of
from service.pipeline.relations import PairPrompt, admitted_pairs, pair_prompts, relations_of
from service.pipeline.validated_requests import ExtractionRequest
from service.settings import Settings
from service.vision.decoding import decode
from service.vision.encoder import EncodedImage
from tasks.records import Record

_NO_TIMING = Timing(total=0, image=0, queue=0, visual=0, fusion=0, decode=0)


@dataclass
class _RequestState:
    """A request in progress: its image's features, the answers of each task, the results so far."""

    request: ExtractionRequest
    view: EncodedImage | None
    answers: dict[Task, list[Answer]] = field(default_factory=lambda: {task: [] for task in Task})
    entities: list[EntityFound] = field(default_factory=list)
    questions: list[PairPrompt] = field(default_factory=list)
    triggers: list[Trigger] = field(default_factory=list)
    first_round: dict[Task, int] = field(default_factory=dict)

    @property
    def visual(self) -> VisualFeatures | None:
        return self.view.visual if self.view is not None else None

    def records(self, task: Task) -> list[Record]:
        """Return the records of a task."""
        return [record for answer in self.answers[task] for record in answer.records]


class Rounds:
    """The service's extractor for whole batches of requests."""

    def __init__(self, model: EagerModel, settings: Settings, name: str) -> None:
        self._model, self._settings, self._name = model, settings, name

    def answer(self, requests: Sequence[ExtractionRequest]) -> list[Extraction]:
        """Return the answers, in order. Raises subclasses of `InputError`."""
        states = [
            _RequestState(request, view)
            for request, view in zip(requests, self._encode_images(requests), strict=True)
        ]
        self._ask(states, self._opening)
        for state in states:
            self._draft(state)
        self._ask(states, _following)
        return [self._extraction(state) for state in states]

    def _encode_images(self, requests: Sequence[ExtractionRequest]) -> list[EncodedImage | None]:
        most = self._settings.max_image_pixels
        upright = [
            decode(request.image, max_pixels=most) if request.image is not None else None
            for request in requests
        ]
        pictures = [self._model.preprocess(u.image, None) for u in upright if u is not None]
        visual = iter(self._model.encode_images(pictures))
        return [
            EncodedImage(u.width, u.height, next(visual)) if u is not None else None
            for u in upright
        ]

    def _ask(
        self,
        states: Sequence[_RequestState],
        prompts_of: Callable[[_RequestState], dict[Task, list[Prompt]]],
    ) -> None:
        asked = [
            (state, task, prompt)
            for state in states
            for task, prompts in prompts_of(state).items()
            for prompt in prompts
        ]
        visual = [state.visual for state, _, _ in asked]
        answers = self._model.generate([prompt for _, _, prompt in asked], visual)
        for (state, task, _), answer in zip(asked, answers, strict=True):
            state.answers[task].append(answer)

    def _opening(self, state: _RequestState) -> dict[Task, list[Prompt]]:
        request, prompter = state.request, self._model.prompter
        found: dict[Task, Prompt | None] = {}
        if request.text.strip():
            if request.tasks & {Task.ENTITIES, Task.RELATIONS}:
                found[Task.ENTITIES] = entity_prompt(
                    prompter, request.text, request.ontology, state.visual
                )
            if Task.EVENTS in request.tasks:
                found[Task.EVENTS] = trigger_prompt(prompter, request.text, request.ontology)
        return {task: [prompt] for task, prompt in found.items() if prompt is not None}

    def _draft(self, state: _RequestState) -> None:
        """Read the first round's answers and prepare the second round."""
        request, prompter, settings = state.request, self._model.prompter, self._settings
        found = entities_of(state.records(Task.ENTITIES), request.min_score)
        state.entities = with_parents(found, request.ontology)
        if Task.RELATIONS in request.tasks:
            pairs = admitted_pairs(state.entities, request.ontology, settings.max_pairs)
            state.questions = pair_prompts(prompter, request.text, pairs)
        state.triggers = triggers_of(
            prompter,
            request.text,
            request.ontology,
            state.records(Task.EVENTS),
            request.min_score,
            settings.max_triggers,
        )
        state.first_round = {task: len(answers) for task, answers in state.answers.items()}

    def _extraction(self, state: _RequestState) -> Extraction:
        request, view = state.request, state.view
        arguments = state.answers[Task.EVENTS][state.first_round[Task.EVENTS] :]
        known = ArgumentEntities(state.entities)
        events = [known.linked(e) for e in events_of(state.triggers, arguments, request.min_score)]
        regions = []
        if view is not None:
            named = referenced(state.entities, events)
            regions = regions_of(view, self._settings.min_region_score, named)
        return Extraction(
            image=ImageSize(width=view.width, height=view.height) if view else None,
            regions=regions,
            entities=state.entities,
            clusters=clusters_found(state.entities, request.ontology),
            relations=relations_of(
                state.questions, state.answers[Task.RELATIONS], request.min_score
            ),
            events=events,
            gate=_gate(state.answers),
            model=self._name,
            timing_ms=_NO_TIMING,
        )


def _following(state: _RequestState) -> dict[Task, list[Prompt]]:
    return {
        Task.RELATIONS: [question.prompt for question in state.questions],
        Task.EVENTS: [t.prompt for t in state.triggers if t.prompt is not None],
    }


def _gate(by_task: dict[Task, list[Answer]]) -> Gate:
    means = {
        task.value: round(sum(a.gate for a in answers) / len(answers), 4) + 0.0 if answers else None
        for task, answers in by_task.items()
    }
    return Gate(**means)
