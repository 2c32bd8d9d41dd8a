"""Variations of a question: another order or synonyms of labels, another picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from tasks import form
from tasks.instruction import Wording
from tasks.ontology import EntityType, EventType, Ontology, RelationType
from training.evaluation.label_order import LabelOrder
from training.evaluation.question import Question

T = TypeVar("T", EntityType, RelationType, EventType)


def ordered(question: Question, order: LabelOrder) -> Question:
    """The question with its types and roles in another order."""
    example = question.example
    spots = order.of(example.spots, example.text)
    asocs = order.of(example.asocs, example.text)
    return replace(question, example=replace(example, spots=spots, asocs=asocs))


def reordered(ontology: Ontology, order: LabelOrder) -> Ontology:
    """The inventory with all lists in another order."""
    return replace(
        ontology,
        entities=_sorted(ontology.entities, order, ontology.name),
        relations=_sorted(ontology.relations, order, ontology.name),
        events=_sorted(ontology.events, order, ontology.name),
    )


def worded(question: Question, wording: Wording) -> Question:
    """The question with another instruction."""
    return replace(question, example=replace(question.example, wording=wording))


def relabelled(question: Question, words: Mapping[str, str]) -> Question:
    """The question with synonyms for its types, also in the gold records."""
    example = question.example
    renamed = replace(
        example,
        spots=tuple(words.get(spot, spot) for spot in example.spots),
        records=tuple(
            replace(record, label=words.get(record.label or "", record.label))
            for record in example.records
        ),
    )
    return replace(question, example=renamed)


def pictured(question: Question, picture: Path | None) -> Question:
    """A question for entities with another picture, or with none."""
    example = replace(
        question.example,
        form=form.ENTITIES if picture is None else form.GROUNDED,
        asocs=() if picture is None else (form.REGION_ROLE,),
    )
    return replace(question, example=example, picture=picture)


def _sorted(types: Sequence[T], order: LabelOrder, text: str) -> tuple[T, ...]:
    named = {kind.name: kind for kind in types}
    return tuple(named[name] for name in order.of(list(named), text))
