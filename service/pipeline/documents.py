"""The results of a document's passages as those of the whole text.

Offsets are moved to the document's, and what two overlapping passages both found is told once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from schema.extraction import ArgumentFound, ClusterFound, EntityFound, EventFound, TriggerFound
from service.pipeline.argument_entities import ArgumentEntities
from service.pipeline.clusters import Mention, clusters_of, is_person
from service.pipeline.passages import Passage
from tasks.ontology import Ontology

_LOOKED_BACK = 64
"""Entities of earlier passages to compare with; an overlap has fewer."""

SpanT = TypeVar("SpanT", TriggerFound, ArgumentFound)


class MergedEntities(NamedTuple):
    """The entities of a document, and for each passage the ids of its entities in the document.

    An id is None where the entity was dropped for one of the passage before.
    """

    entities: list[EntityFound]
    ids: list[list[int | None]]


def merge_entities(
    passages: Sequence[Passage], found: Sequence[Sequence[EntityFound]]
) -> MergedEntities:
    """Merge the entities of passages, whose offsets count from their passage.

    An entity that begins in an overlap and overlaps one of the passage before is dropped, but if
    that one was cut by the end of its passage, which it replaces.
    """
    kept: list[EntityFound] = []
    places: list[list[int | None]] = []
    for number, (passage, entities) in enumerate(zip(passages, found, strict=True)):
        cut = passages[number - 1].end if number else None
        first = len(kept)
        ids: list[int | None] = []
        for entity in entities:
            moved = _moved(entity, passage.start)
            at = _overlapped(moved, kept[:first], passage.fresh)
            if at is None:
                ids.append(len(kept))
                kept.append(moved)
            elif _same(moved, kept[at]):
                ids.append(at)
            elif kept[at].end == cut:
                kept[at] = moved
                ids.append(at)
            else:
                ids.append(None)
        places.append(ids)
    order = sorted(range(len(kept)), key=lambda at: (kept[at].start or 0, kept[at].end or 0, at))
    ranks = {at: rank for rank, at in enumerate(order)}
    merged = [kept[at].model_copy(update={"id": rank}) for rank, at in enumerate(order)]
    return MergedEntities(
        merged, [[None if at is None else ranks[at] for at in ids] for ids in places]
    )


def merge_events(
    passages: Sequence[Passage],
    found: Sequence[Sequence[EventFound]],
    entities: Sequence[EntityFound],
) -> list[EventFound]:
    """Merge the events of passages; of two with one trigger keep the one with more arguments.

    Args:
        passages: the passages.
        found: the events of each, whose offsets count from it.
        entities: those of the whole text, which the arguments are linked to.
    """
    known = ArgumentEntities(entities)
    best: dict[tuple[str, int | None, int | None], EventFound] = {}
    for passage, events in zip(passages, found, strict=True):
        for event in events:
            moved = known.linked(_moved_event(event, passage.start))
            key = moved.type, moved.trigger.start, moved.trigger.end
            if key not in best or len(best[key].arguments) < len(moved.arguments):
                best[key] = moved
    return sorted(best.values(), key=lambda event: (event.trigger.start or 0, event.type))


def clusters_found(entities: Sequence[EntityFound], ontology: Ontology) -> list[ClusterFound]:
    """Put the mentions of one thing together; the longest name names a cluster."""
    parents = {kind.name: kind.parent for kind in ontology.entities}
    mentions = [
        Mention(entity.text, entity.type, is_person(entity.type, parents.get(entity.type)))
        for entity in entities
    ]
    return [
        ClusterFound(
            id=number,
            name=max((entities[at].text for at in members), key=len),
            type=entities[members[0]].type,
            entities=[entities[at].id for at in members],
        )
        for number, members in enumerate(clusters_of(mentions))
    ]


def _overlapped(entity: EntityFound, others: Sequence[EntityFound], fresh: int) -> int | None:
    """The number of the entity of an earlier passage that `entity` overlaps, if any."""
    if entity.start is None or entity.end is None or entity.start >= fresh:
        return None
    for at in range(len(others) - 1, max(-1, len(others) - 1 - _LOOKED_BACK), -1):
        start, end = others[at].start, others[at].end
        if start is not None and end is not None and start < entity.end and entity.start < end:
            return at
    return None


def _same(entity: EntityFound, other: EntityFound) -> bool:
    return (entity.start, entity.end, entity.type) == (other.start, other.end, other.type)


def _moved(entity: EntityFound, by: int) -> EntityFound:
    if not by or entity.start is None or entity.end is None:
        return entity
    return entity.model_copy(update={"start": entity.start + by, "end": entity.end + by})


def _moved_event(event: EventFound, by: int) -> EventFound:
    if not by:
        return event
    return event.model_copy(
        update={
            "trigger": _moved_span(event.trigger, by),
            "arguments": [_moved_span(argument, by) for argument in event.arguments],
        }
    )


def _moved_span(span: SpanT, by: int) -> SpanT:
    if span.start is None or span.end is None:
        return span
    return span.model_copy(update={"start": span.start + by, "end": span.end + by})
