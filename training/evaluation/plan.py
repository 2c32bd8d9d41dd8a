"""The evaluation tasks of a corpus: its questions and metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.document import Document
from tasks.ontology import Ontology, load
from training.evaluation import calibration, events, relations, spans
from training.evaluation.boxes import above
from training.evaluation.evaluator import Chain, Evaluator
from training.evaluation.grounding import Grounded
from training.evaluation.label_order import LabelOrder
from training.evaluation.metric import Metric, Outcome
from training.evaluation.pictures import Pictures
from training.evaluation.question import Question
from training.evaluation.questions_of import (
    argument_questions,
    entity_questions,
    joint_questions,
    pair_questions,
    trigger_questions,
)
from training.evaluation.samples import CORPUS as SAMPLES
from training.evaluation.spans import Scorer, exactly
from training.evaluation.variation import ordered, reordered

Ask = Callable[[Document, Ontology, Path | None], Iterator[Question]]

WITH_BOXES = ("gmner", "fmnerg8", "fmnerg51")
"""Corpora with boxes of their entities."""

_COARSER = {"fmnerg51": "fmnerg8"}
"""Inventories whose parent types are in another inventory that has parents too."""


@dataclass(frozen=True)
class EvaluationTask:
    """Questions about documents.

    chain: end-to-end prediction instead of the questions, which then only have the gold records.
    """

    metric: Metric
    ask: Ask
    chain: Chain | None = None


def run_task(
    task: EvaluationTask,
    documents: Sequence[Document],
    ontology: Ontology,
    evaluator: Evaluator,
    pictures: Pictures,
    order: LabelOrder,
) -> Outcome:
    """Run an evaluation task with `evaluator` on the documents of a corpus, at least one."""
    questions = [
        ordered(question, order)
        for document in documents
        for question in task.ask(document, ontology, pictures.of(document.image))
    ]
    title = f"{documents[0].corpus}, {task.metric.title}"
    if task.chain is None:
        return Outcome(task.metric, questions, evaluator.ask(questions, title))
    texts = [question.example.text for question in questions]
    predicted = evaluator.chain(task.chain, texts, reordered(ontology, order), title)
    return Outcome(task.metric, questions, predicted)


def tasks_of(
    corpus: str, documents: Sequence[Document], *, pictures: bool, known: Iterable[str] = ()
) -> list[EvaluationTask]:
    """The evaluation tasks of a corpus, by the annotations of its documents.

    Args:
        corpus: its name.
        documents: of one split; all have the same kinds of annotations.
        pictures: whether pictures of any of them are available.
        known: the types in training; other types of a corpus have a separate score.
    """
    if not documents:
        return []
    first = documents[0]
    has_entities, has_relations = first.entities is not None, first.relations is not None
    found = []
    if has_entities and (not has_relations or corpus == SAMPLES):
        grounded = pictures and corpus in WITH_BOXES
        found.append(_entities(load(first.ontology), grounded, frozenset(known)))
    elif has_entities:
        found += [_relation_chain(), _joint()]
    if has_relations and (not has_entities or corpus == SAMPLES):
        found.append(_pairs())
    if first.events is not None:
        found += [_event_chain(), _arguments_given()]
    return found


def grounded_scores(
    roll_ups: Sequence[tuple[int, Mapping[str, str]]] = (),
) -> dict[str, Scorer]:
    """The scores of grounded entities; `roll_ups` maps numbers of coarser types to the types."""
    scores: dict[str, Scorer] = {
        "grounded entities (GMNER)": Grounded(),
        "grounded entities, groundable only": Grounded(groundable=True),
        "grounded entities, IoU > 0.5": Grounded(rule=above),
        "grounded spans (EEG)": Grounded(typed=False),
    }
    for count, parents in roll_ups:
        scores[f"grounded entities, {count} types"] = Grounded(parents=parents)
    return scores


def _entities(ontology: Ontology, grounded: bool, known: frozenset[str]) -> EvaluationTask:
    roll_ups = list(_roll_ups(ontology))
    scores: dict[str, Scorer] = {"entities": exactly(spans.typed)}
    for count, parents in roll_ups:
        scores[f"entities, {count} types"] = exactly(spans.rolled_up(parents))
    unseen = frozenset(kind.name for kind in ontology.entities) - known
    if known and unseen:
        scores[f"entities, unseen types ({len(unseen)})"] = exactly(spans.only(unseen))
    judges = {"entities": calibration.spots}
    if grounded:
        scores |= grounded_scores(roll_ups)
        judges["regions"] = calibration.regions
    scores["entities as strings"] = exactly(spans.strings)
    return EvaluationTask(Metric("entities", scores, judges=judges), entity_questions)


def _roll_ups(ontology: Ontology) -> Iterator[tuple[int, dict[str, str]]]:
    """The coarser inventories, finest first: number of types, and the coarser type of each type."""
    parents = {kind.name: kind.name for kind in ontology.entities}
    while any(kind.parent for kind in ontology.entities):
        above_it = {kind.name: kind.parent or kind.name for kind in ontology.entities}
        parents = {name: above_it[kind] for name, kind in parents.items()}
        yield len(set(parents.values())), parents
        if ontology.name not in _COARSER:
            return
        ontology = load(_COARSER[ontology.name])


def _relation_scores(name: str) -> dict[str, Scorer]:
    return {
        f"{name}, {'strict' if typed else 'boundaries'}{'' if directed else ', undirected'}": (
            exactly(relations.quintuples(directed=directed, typed=typed), distinct=True)
        )
        for typed in (True, False)
        for directed in (True, False)
    }


def _relation_chain() -> EvaluationTask:
    scores = {"entities": exactly(spans.typed), **_relation_scores("relations end to end")}
    metric = Metric("relations end to end", scores, judges={"entities": calibration.spots})
    return EvaluationTask(metric, _without_picture(joint_questions), chain=Chain.RELATIONS)


def _joint() -> EvaluationTask:
    scores = {"joint entities": exactly(spans.typed), **_relation_scores("joint relations")}
    return EvaluationTask(Metric("joint relations", scores), _without_picture(joint_questions))


def _pairs() -> EvaluationTask:
    scores: dict[str, Scorer] = {
        "pair relations": exactly(relations.labels),
        "pair relations, accuracy": relations.accuracy,
    }
    shares = frozenset({"pair relations, accuracy"})
    judges = {"pair relations": calibration.pairs}
    return EvaluationTask(Metric("pair relations", scores, shares, judges), pair_questions)


def _event_chain() -> EvaluationTask:
    scores = {
        "trigger identification": exactly(spans.untyped),
        "trigger classification": exactly(spans.typed),
        "arguments, end to end": exactly(events.arguments, distinct=True),
    }
    metric = Metric("events end to end", scores, judges={"triggers": calibration.spots})
    return EvaluationTask(metric, _without_picture(trigger_questions), chain=Chain.EVENTS)


def _arguments_given() -> EvaluationTask:
    title = "arguments, trigger given"
    judges = {"arguments": calibration.fillers}
    metric = Metric(title, {title: exactly(events.arguments)}, judges=judges)
    return EvaluationTask(metric, _without_picture(argument_questions))


def _without_picture(ask: Callable[[Document, Ontology], Iterator[Question]]) -> Ask:
    return lambda document, ontology, picture: ask(document, ontology)
