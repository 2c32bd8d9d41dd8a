"""Processes batches of requests in two rounds of prompts, without threads and queue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.eager import EagerModel
from schema.extraction import (
    EntityFound,
    Extraction,
    ExtractionRequest,
    Gate,
    ImageSize,
    Task,
    Timing,
)
from service.engine.interface import Answer, Prompt, VisualFeatures
from service.pipeline.entities import entities_of, entity_prompt
from service.pipeline.events import Trigger, events_of, trigger_prompt, triggers_of
from service.pipeline.regions import referenced, regions_of
from service.pipeline.relations import Question, admitted_pairs, questions, relations_of
from service.settings import Settings
from service.vision.decoding import decode
from service.vision.encoder import View
from tasks.records import Record

_NO_TIMING = Timing(total=0, image=0, queue=0, visual=0, fusion=0, decode=0)


@dataclass
class _Progress:
    """A request in progress: its visual features, the answers of each task, the found items."""

    request: ExtractionRequest
    view: View | None
    answers: dict[Task, list[Answer]] = field(default_factory=lambda: {task: [] for task in Task})
    entities: list[EntityFound] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    triggers: list[Trigger] = field(default_factory=list)
    opened: dict[Task, int] = field(default_factory=dict)

    @property
    def visual(self) -> VisualFeatures | None:
        return self.view.visual if self.view is not None else None

    def records(self, task: Task) -> list[Record]:
        """The records of the first round."""
        return [record for answer in self.answers[task] for record in answer.records]


class Rounds:
    """Like the service's extractor, for a whole batch of requests."""

    def __init__(self, model: EagerModel, settings: Settings, name: str) -> None:
        self._model, self._settings, self._name = model, settings, name

    def answer(self, requests: Sequence[ExtractionRequest]) -> list[Extraction]:
        """The answers, in order; raises subclasses of `InputError`."""
        pending = [
            _Progress(request, view)
            for request, view in zip(requests, self._look(requests), strict=True)
        ]
        self._ask(pending, self._opening)
        for progress in pending:
            self._draft(progress)
        self._ask(pending, _following)
        return [self._extraction(progress) for progress in pending]

    def _look(self, requests: Sequence[ExtractionRequest]) -> list[View | None]:
        most = self._settings.max_image_pixels
        upright = [
            decode(request.image, max_pixels=most) if request.image is not None else None
            for request in requests
        ]
        pictures = [self._model.preprocess(u.image, None) for u in upright if u is not None]
        visual = iter(self._model.see(pictures))
        return [View(u.width, u.height, next(visual)) if u is not None else None for u in upright]

    def _ask(
        self,
        pending: Sequence[_Progress],
        prompts_of: Callable[[_Progress], dict[Task, list[Prompt]]],
    ) -> None:
        asked = [
            (progress, task, prompt)
            for progress in pending
            for task, prompts in prompts_of(progress).items()
            for prompt in prompts
        ]
        visual = [progress.visual for progress, _, _ in asked]
        answers = self._model.read([prompt for _, _, prompt in asked], visual)
        for (progress, task, _), answer in zip(asked, answers, strict=True):
            progress.answers[task].append(answer)

    def _opening(self, progress: _Progress) -> dict[Task, list[Prompt]]:
        request, prompter = progress.request, self._model.prompter
        found: dict[Task, Prompt | None] = {}
        if request.text.strip():
            if request.tasks & {Task.ENTITIES, Task.RELATIONS}:
                found[Task.ENTITIES] = entity_prompt(
                    prompter, request.text, request.ontology, progress.visual
                )
            if Task.EVENTS in request.tasks:
                found[Task.EVENTS] = trigger_prompt(prompter, request.text, request.ontology)
        return {task: [prompt] for task, prompt in found.items() if prompt is not None}

    def _draft(self, progress: _Progress) -> None:
        """Process the answers of the first round, which determine the prompts of the second."""
        request, prompter, settings = progress.request, self._model.prompter, self._settings
        progress.entities = entities_of(progress.records(Task.ENTITIES), request.min_score)
        if Task.RELATIONS in request.tasks:
            pairs = admitted_pairs(progress.entities, request.ontology, settings.max_pairs)
            progress.questions = questions(prompter, request.text, pairs)
        progress.triggers = triggers_of(
            prompter,
            request.text,
            request.ontology,
            progress.records(Task.EVENTS),
            request.min_score,
            settings.max_triggers,
        )
        progress.opened = {task: len(answers) for task, answers in progress.answers.items()}

    def _extraction(self, progress: _Progress) -> Extraction:
        request, view = progress.request, progress.view
        arguments = progress.answers[Task.EVENTS][progress.opened[Task.EVENTS] :]
        events = events_of(progress.triggers, arguments, request.min_score)
        regions = []
        if view is not None:
            named = referenced(progress.entities, events)
            regions = regions_of(view, self._settings.min_region_score, named)
        return Extraction(
            image=ImageSize(width=view.width, height=view.height) if view else None,
            regions=regions,
            entities=progress.entities,
            relations=relations_of(
                progress.questions, progress.answers[Task.RELATIONS], request.min_score
            ),
            events=events,
            gate=_gate(progress.answers),
            model=self._name,
            timing_ms=_NO_TIMING,
        )


def _following(progress: _Progress) -> dict[Task, list[Prompt]]:
    return {
        Task.RELATIONS: [question.prompt for question in progress.questions],
        Task.EVENTS: [t.prompt for t in progress.triggers if t.prompt is not None],
    }


def _gate(by_task: dict[Task, list[Answer]]) -> Gate:
    means = {
        task.value: round(sum(a.gate for a in answers) / len(answers), 4) + 0.0 if answers else None
        for task, answers in by_task.items()
    }
    return Gate(**means)
