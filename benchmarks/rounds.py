"""Requests to answers in two rounds of prompts, many requests at once; no threads, no queue."""

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
from service.pipeline.entities import entities_of, entity_prompt
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
class _Sitting:
    """A request in progress: its picture's features, the answers of each task, what was found."""

    request: ExtractionRequest
    view: EncodedImage | None
    said: dict[Task, list[Answer]] = field(default_factory=lambda: {task: [] for task in Task})
    entities: list[EntityFound] = field(default_factory=list)
    questions: list[PairPrompt] = field(default_factory=list)
    triggers: list[Trigger] = field(default_factory=list)
    opened: dict[Task, int] = field(default_factory=dict)

    @property
    def visual(self) -> VisualFeatures | None:
        return self.view.visual if self.view is not None else None

    def records(self, task: Task) -> list[Record]:
        """What the first round found."""
        return [record for answer in self.said[task] for record in answer.records]


class Rounds:
    """What the service's extractor does, for callers that bring a whole batch of requests."""

    def __init__(self, model: EagerModel, settings: Settings, name: str) -> None:
        self._model, self._settings, self._name = model, settings, name

    def answer(self, requests: Sequence[ExtractionRequest]) -> list[Extraction]:
        """The answers, in order; raises leaves of `InputError`."""
        sittings = [
            _Sitting(request, view)
            for request, view in zip(requests, self._look(requests), strict=True)
        ]
        self._ask(sittings, self._opening)
        for sitting in sittings:
            self._draft(sitting)
        self._ask(sittings, _following)
        return [self._extraction(sitting) for sitting in sittings]

    def _look(self, requests: Sequence[ExtractionRequest]) -> list[EncodedImage | None]:
        most = self._settings.max_image_pixels
        upright = [
            decode(request.image, max_pixels=most) if request.image is not None else None
            for request in requests
        ]
        pictures = [self._model.preprocess(u.image, None) for u in upright if u is not None]
        visual = iter(self._model.see(pictures))
        return [
            EncodedImage(u.width, u.height, next(visual)) if u is not None else None
            for u in upright
        ]

    def _ask(
        self,
        sittings: Sequence[_Sitting],
        prompts_of: Callable[[_Sitting], dict[Task, list[Prompt]]],
    ) -> None:
        asked = [
            (sitting, task, prompt)
            for sitting in sittings
            for task, prompts in prompts_of(sitting).items()
            for prompt in prompts
        ]
        visual = [sitting.visual for sitting, _, _ in asked]
        answers = self._model.read([prompt for _, _, prompt in asked], visual)
        for (sitting, task, _), answer in zip(asked, answers, strict=True):
            sitting.said[task].append(answer)

    def _opening(self, sitting: _Sitting) -> dict[Task, list[Prompt]]:
        request, prompter = sitting.request, self._model.prompter
        found: dict[Task, Prompt | None] = {}
        if request.text.strip():
            if request.tasks & {Task.ENTITIES, Task.RELATIONS}:
                found[Task.ENTITIES] = entity_prompt(
                    prompter, request.text, request.ontology, sitting.visual
                )
            if Task.EVENTS in request.tasks:
                found[Task.EVENTS] = trigger_prompt(prompter, request.text, request.ontology)
        return {task: [prompt] for task, prompt in found.items() if prompt is not None}

    def _draft(self, sitting: _Sitting) -> None:
        """Read the first round's answers; what follows from them is asked next."""
        request, prompter, settings = sitting.request, self._model.prompter, self._settings
        sitting.entities = entities_of(sitting.records(Task.ENTITIES), request.min_score)
        if Task.RELATIONS in request.tasks:
            pairs = admitted_pairs(sitting.entities, request.ontology, settings.max_pairs)
            sitting.questions = pair_prompts(prompter, request.text, pairs)
        sitting.triggers = triggers_of(
            prompter,
            request.text,
            request.ontology,
            sitting.records(Task.EVENTS),
            request.min_score,
            settings.max_triggers,
        )
        sitting.opened = {task: len(answers) for task, answers in sitting.said.items()}

    def _extraction(self, sitting: _Sitting) -> Extraction:
        request, view = sitting.request, sitting.view
        arguments = sitting.said[Task.EVENTS][sitting.opened[Task.EVENTS] :]
        events = events_of(sitting.triggers, arguments, request.min_score)
        regions = []
        if view is not None:
            named = referenced(sitting.entities, events)
            regions = regions_of(view, self._settings.min_region_score, named)
        return Extraction(
            image=ImageSize(width=view.width, height=view.height) if view else None,
            regions=regions,
            entities=sitting.entities,
            relations=relations_of(
                sitting.questions, sitting.said[Task.RELATIONS], request.min_score
            ),
            events=events,
            gate=_gate(sitting.said),
            model=self._name,
            timing_ms=_NO_TIMING,
        )


def _following(sitting: _Sitting) -> dict[Task, list[Prompt]]:
    return {
        Task.RELATIONS: [question.prompt for question in sitting.questions],
        Task.EVENTS: [t.prompt for t in sitting.triggers if t.prompt is not None],
    }


def _gate(said: dict[Task, list[Answer]]) -> Gate:
    means = {
        task.value: round(sum(a.gate for a in answers) / len(answers), 4) + 0.0 if answers else None
        for task, answers in said.items()
    }
    return Gate(**means)
