"""The evaluator of a model in this process, in batches, with the pipeline of the service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from cli.evaluators.response_records import entity_records, event_records
from export.bundle import Bundle
from models.config import UMIEConfig
from models.meta_init import meta_init
from models.tower import CompactTower
from models.tower_config import TowerConfig
from models.umie import UMIE
from service.engine.interface import Answer, Prompt, VisualFeatures
from service.engine.offline import OfflineEngine
from service.pipeline.argument_entities import ArgumentEntities
from service.pipeline.entities import entities_of, entity_prompt
from service.pipeline.events import events_of, trigger_prompt, triggers_of
from service.pipeline.relations import admitted_pairs, pair_prompts, relations_of
from service.settings import Settings
from tasks.document import Box
from tasks.errors import LabelError, TextTooLong
from tasks.instruction import Prompter
from tasks.ontology import Ontology
from training.evaluation.evaluator import Chain
from training.evaluation.question import NO_PREDICTION, Prediction, Question

MAX_PAIRS: int = Settings.model_fields["max_pairs"].default
MAX_TRIGGERS: int = Settings.model_fields["max_triggers"].default


class LocalEvaluator:
    """Evaluates the model of a bundle, or of a checkpoint loaded as one."""

    def __init__(
        self,
        bundle: Bundle,
        kind: str,
        files: Mapping[str, int],
        threads: int,
        *,
        constrained: bool = True,
    ) -> None:
        """Create the evaluator.

        Args:
            bundle: the model.
            kind: what it was loaded from: "bundle" or "checkpoint".
            files: sizes of its files in bytes.
            threads: number of compute threads.
            constrained: whether decoding is constrained by the grammar.
        """
        self._bundle, self._engine = bundle, OfflineEngine(bundle, constrained=constrained)
        self._about: dict[str, object] = {
            "kind": kind,
            "precision": bundle.manifest.precision,
            "parameters": parameters_of(bundle.config, bundle.tower),
            "files": dict(files),
            "threads": threads,
        }

    @property
    def name(self) -> str:
        """The model's name and version."""
        return self._engine.name

    @property
    def sees(self) -> bool:
        """Whether it has a visual tower."""
        return self._bundle.tower is not None

    @property
    def proposes(self) -> bool:
        """Whether its tower proposes regions of its own."""
        return isinstance(self._bundle.tower, TowerConfig)

    @property
    def about(self) -> Mapping[str, object]:
        """Kind, precision, parameters, bytes of its files, threads."""
        return self._about

    def ask(self, questions: Sequence[Question], title: str) -> list[Prediction]:
        """Answer each question; each image is encoded once."""
        paths = list(dict.fromkeys(q.picture for q in questions if q.picture is not None))
        encoded = (
            dict(zip(paths, self._engine.encode_images(paths, f"{title}, pictures"), strict=True))
            if paths
            else {}
        )
        visual = [encoded[q.picture] if q.picture is not None else None for q in questions]
        answers = self._engine.answer([q.example for q in questions], title, visual)
        return [_prediction(*pair) for pair in zip(answers, visual, strict=True)]

    def chain(
        self, chain: Chain, texts: Sequence[str], ontology: Ontology, title: str
    ) -> list[Prediction]:
        """Extract from each text end to end, as the service does."""
        if chain is Chain.RELATIONS:
            return self._relations(texts, ontology, title)
        return self._events(texts, ontology, title)

    def propose(self, pictures: Sequence[Path], title: str) -> list[list[Box]]:
        """Propose regions for each image, those below the score threshold included."""
        engine = OfflineEngine(replace(self._bundle, least_region_score=0.0))
        return [
            [box for box, score in zip(_boxes(visual), visual.scores, strict=True) if score > 0]
            for visual in engine.encode_images(pictures, title)
        ]

    def _relations(self, texts: Sequence[str], ontology: Ontology, title: str) -> list[Prediction]:
        prompter = self._engine.prompter
        prompts = [_entity_prompt(prompter, text, ontology) for text in texts]
        answers = self._engine.generate(prompts, title)
        entities = [entities_of(answer.records if answer else (), 0.0) for answer in answers]
        pair_lists = [
            pair_prompts(prompter, text, admitted_pairs(found, ontology, MAX_PAIRS))
            for text, found in zip(texts, entities, strict=True)
        ]
        follow_ups = self._follow_up(
            [pair.prompt for pairs in pair_lists for pair in pairs], f"{title}, pairs"
        )
        relations = [
            relations_of(pairs, [next(follow_ups) for _ in pairs], 0.0) for pairs in pair_lists
        ]
        return [
            Prediction(entity_records(found, related)) if answer else NO_PREDICTION
            for answer, found, related in zip(answers, entities, relations, strict=True)
        ]

    def _events(self, texts: Sequence[str], ontology: Ontology, title: str) -> list[Prediction]:
        prompter = self._engine.prompter
        prompts = [_trigger_prompt(prompter, text, ontology) for text in texts]
        answers = self._engine.generate(prompts, title)
        triggers = [
            triggers_of(
                prompter, text, ontology, answer.records if answer else (), 0.0, MAX_TRIGGERS
            )
            for text, answer in zip(texts, answers, strict=True)
        ]
        prompt_lists = [[t.prompt for t in found if t.prompt is not None] for found in triggers]
        follow_ups = self._follow_up(
            [prompt for prompts in prompt_lists for prompt in prompts], f"{title}, arguments"
        )
        without_entities = ArgumentEntities([])
        events = [
            [
                without_entities.linked(event)
                for event in events_of(found, [next(follow_ups) for _ in prompts], 0.0)
            ]
            for found, prompts in zip(triggers, prompt_lists, strict=True)
        ]
        return [
            Prediction(event_records(found)) if answer else NO_PREDICTION
            for answer, found in zip(answers, events, strict=True)
        ]

    def _follow_up(self, prompts: Sequence[Prompt], title: str) -> Iterator[Answer]:
        return (answer for answer in self._engine.generate(prompts, title) if answer is not None)


def parameters_of(config: UMIEConfig, tower: object) -> dict[str, int]:
    """Count the parameters of the network, and of a compact visual tower."""
    with meta_init():
        parts: dict[str, torch.nn.Module] = {"network": UMIE(config)}
        if isinstance(tower, TowerConfig):
            parts["visual tower"] = CompactTower(tower)
    return {name: sum(p.numel() for p in part.parameters()) for name, part in parts.items()}


def _entity_prompt(prompter: Prompter, text: str, ontology: Ontology) -> Prompt | None:
    try:
        return entity_prompt(prompter, text, ontology, None)
    except (TextTooLong, LabelError):
        return None


def _trigger_prompt(prompter: Prompter, text: str, ontology: Ontology) -> Prompt | None:
    try:
        return trigger_prompt(prompter, text, ontology)
    except (TextTooLong, LabelError):
        return None


def _prediction(answer: Answer | None, visual: VisualFeatures | None) -> Prediction:
    if answer is None:
        return NO_PREDICTION
    boxes = {} if visual is None else dict(enumerate(_boxes(visual), start=1))
    return Prediction(answer.records, boxes)


def _boxes(visual: VisualFeatures) -> list[Box]:
    return [(x1, y1, x2, y2) for x1, y1, x2, y2 in visual.boxes.tolist()]
