"""The entities that the arguments of events are, and one argument where two are nested.

An argument is the entity with the same span. Where there is none, it is an entity that contains it,
or that it contains, if both have the same head: "the actor Tom Hanks" and "Tom Hanks". The head of
a name is its last word before the first comma or preposition: "president" of "the president of
France", which is therefore not the entity "France". Of several the one of the closest length
counts, then the one with the highest score.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from schema.extraction import ArgumentFound, EntityFound, EventFound

_LOOKED_BACK = 8
"""Entities that start before an argument and may contain it; they rarely overlap each other."""

_WORD = re.compile(r"(?<!['\u2019])\b\w[\w.-]*")
_HEAD_ENDS = re.compile(r"\s*[,;(]|\s+(?:of|in|at|for|from|with|by|on|near|to)\s", re.IGNORECASE)


class ArgumentEntities:
    """Finds the entities of arguments.

    Args:
        entities: those of the text in its order; offsets as those of the arguments.
    """

    def __init__(self, entities: Sequence[EntityFound]) -> None:
        self._entities = [e for e in entities if e.start is not None and e.end is not None]
        self._starts = [_span(entity)[0] for entity in self._entities]

    def linked(self, event: EventFound) -> EventFound:
        """Return an event whose arguments have their entities, and are not nested.

        Of arguments of one role, one within the other, the one whose span is an entity's is kept,
        else the longer one. A region is kept once for each role.
        """
        ranked = sorted(event.arguments, key=self._rank)
        kept: list[ArgumentFound] = []
        for argument in ranked:
            if not any(argument.role == k.role and _nested(argument, k) for k in kept):
                kept.append(argument)
        chosen = set(map(id, kept))
        arguments = [self._with_entity(a) for a in event.arguments if id(a) in chosen]
        return event.model_copy(update={"arguments": arguments})

    def _rank(self, argument: ArgumentFound) -> tuple[bool, int, float]:
        start, end = argument.start, argument.end
        if start is None or end is None:
            return True, 0, -argument.score
        is_entity = any(_span(entity) == (start, end) for entity in self._around(start, end))
        return not is_entity, start - end, -argument.score

    def _with_entity(self, argument: ArgumentFound) -> ArgumentFound:
        if argument.region is not None:
            return argument.model_copy(update={"regions": [argument.region]})
        entity = self._entity_of(argument)
        if entity is None:
            return argument
        return argument.model_copy(update={"entity": entity.id, "regions": entity.regions})

    def _entity_of(self, argument: ArgumentFound) -> EntityFound | None:
        start, end = argument.start, argument.end
        if start is None or end is None or argument.text is None:
            return None
        head = start + head_of(argument.text)
        found = [
            entity
            for entity in self._around(start, end)
            if _span(entity) == (start, end)
            or (_within(_span(entity), (start, end)) and _head_at(entity) == head)
        ]
        length = end - start
        return min(
            found,
            key=lambda e: (abs(len(e.text) - length), -e.score, e.id),
            default=None,
        )

    def _around(self, start: int, end: int) -> list[EntityFound]:
        """The entities that start within a span, and the few before it."""
        first = max(0, bisect_left(self._starts, start) - _LOOKED_BACK)
        return self._entities[first : bisect_right(self._starts, end)]


def head_of(name: str) -> int:
    """Return where the head of a name starts in it."""
    first = _WORD.search(name)
    if first is None:
        return 0
    ending = _HEAD_ENDS.search(name, first.end())
    stop = ending.start() if ending else len(name)
    *_, head = (word.start() for word in _WORD.finditer(name, 0, stop))
    return head


def _head_at(entity: EntityFound) -> int:
    return _span(entity)[0] + head_of(entity.text)


def _span(entity: EntityFound) -> tuple[int, int]:
    assert entity.start is not None and entity.end is not None
    return entity.start, entity.end


def _nested(one: ArgumentFound, other: ArgumentFound) -> bool:
    if one.start is None or one.end is None or other.start is None or other.end is None:
        return (one.text, one.start, one.region) == (other.text, other.start, other.region)
    return _within((one.start, one.end), (other.start, other.end))


def _within(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether one of two spans contains the other."""
    (a, b), (c, d) = one, other
    return (a <= c and d <= b) or (c <= a and b <= d)
