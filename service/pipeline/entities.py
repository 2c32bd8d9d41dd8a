"""Entities: the prompt for them, and its answer as response items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schema.extraction import EntityFound, TypeScored
from service.engine.interface import Prompt, VisualFeatures
from tasks import form, instruction
from tasks.instruction import Prompter
from tasks.ontology import Ontology
from tasks.records import Record, Region


def entity_prompt(
    prompter: Prompter,
    text: str,
    ontology: Ontology,
    visual: VisualFeatures | None,
    alternatives: int = 0,
) -> Prompt | None:
    """Encode the prompt for all entities.

    Args:
        prompter: encodes prompts.
        text: the text as sent.
        ontology: the labels.
        visual: the features of the image; the answer names regions if there are any.
        alternatives: how many of its next likely types an entity has, at most.

    Returns:
        The prompt; None if the ontology has no entity types.

    Raises:
        TextTooLong: the prompt has too many tokens.
        LabelError: the labels are invalid or too many.
    """
    if not ontology.entities:
        return None
    grounded = visual is not None and len(visual.boxes) > 0
    source = prompter.encode(
        text,
        instruction.ENTITIES,
        spots=[kind.name for kind in ontology.entities],
        asocs=[form.REGION_ROLE] if grounded else [],
        room=instruction.FOLLOW_UP_ROOM,
    )
    shape = form.GROUNDED if grounded else form.ENTITIES
    return Prompt(source, shape, alternatives=alternatives)


def entities_of(records: Iterable[Record], min_score: float) -> list[EntityFound]:
    """Convert records to entities.

    Args:
        records: the records of the answer to the entity prompt.
        min_score: records with a smaller score are dropped.

    Returns:
        The entities in text order, without duplicates; `id` is the index.
    """
    found: dict[tuple[str, str, int | None, int | None], Record] = {}
    for record in records:
        if record.label is None or record.span is None or record.score < min_score:
            continue
        key = (record.label, record.span.text, record.span.start, record.span.end)
        if key not in found or found[key].score < record.score:
            found[key] = record
    return [_entity(index, found[key]) for index, key in enumerate(sorted(found, key=_order))]


def with_parents(entities: Sequence[EntityFound], ontology: Ontology) -> list[EntityFound]:
    """Return the entities with the coarser types that the ontology gives to theirs.

    A type that is its own parent has none.
    """
    parents = {t.name: t.parent for t in ontology.entities if t.parent and t.parent != t.name}
    return [
        entity.model_copy(update={"parent": parents[entity.type]})
        if entity.type in parents
        else entity
        for entity in entities
    ]


def _order(key: tuple[str, str, int | None, int | None]) -> tuple[bool, int, int, str, str]:
    label, text, start, end = key
    return (start is None, start or 0, end or 0, label, text)


def _entity(index: int, record: Record) -> EntityFound:
    assert record.span is not None and record.label is not None
    regions = {a.filler.index: a.filler.name for a in record.asocs if isinstance(a.filler, Region)}
    return EntityFound(
        id=index,
        text=record.span.text,
        start=record.span.start,
        end=record.span.end,
        type=record.label,
        score=round(record.score, 4),
        regions=[regions[k] for k in sorted(regions)],
        alternatives=[
            TypeScored(type=other.label, score=round(other.score, 4))
            for other in record.alternatives
        ],
    )
