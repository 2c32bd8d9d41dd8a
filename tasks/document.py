"""An annotated text: what training learns from and evaluation compares with."""

from __future__ import annotations

from dataclasses import dataclass

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 as fractions of the picture's width and height."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A typed span of the text, half-open, in code points; `boxes` where the picture shows it."""

    start: int
    end: int
    type: str
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """A typed pair; `head` and `tail` index the document's entities. "none" says: not related."""

    type: str
    head: int
    tail: int


@dataclass(frozen=True, slots=True)
class Argument:
    """A role of an event and the span that fills it, half-open, in code points."""

    role: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Event:
    """A typed trigger span with its arguments."""

    type: str
    start: int
    end: int
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One text with everything its corpus says of it.

    `ontology` names the label inventory in force. An inventory's part that the corpus does not
    annotate at all is None rather than empty: MNRE's lines name pairs, not all entities.
    """

    text: str
    corpus: str
    split: str
    ontology: str
    image: str | None = None
    entities: tuple[Mention, ...] | None = None
    relations: tuple[Relation, ...] | None = None
    pair_mentions: tuple[Mention, ...] = ()
    events: tuple[Event, ...] | None = None

    @property
    def mentions(self) -> tuple[Mention, ...]:
        """What `relations` point into: the entities, or the pair's own mentions."""
        return self.entities if self.entities is not None else self.pair_mentions
