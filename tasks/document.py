"""Annotated documents: the examples of training and the references of evaluation."""

from __future__ import annotations

from dataclasses import dataclass

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 as fractions of the image's width and height."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A typed span of the text, half-open, in code points, and the image regions that show it."""

    start: int
    end: int
    type: str
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """A typed pair; `head` and `tail` index the document's mentions. "none" means unrelated."""

    type: str
    head: int
    tail: int


@dataclass(frozen=True, slots=True)
class Argument:
    """A role of an event and its span, half-open, in code points."""

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
    """One text with its annotations.

    An annotation that the corpus does not have at all is None rather than empty: MNRE annotates
    pairs, not all entities.

    Attributes:
        text: the text.
        corpus: the name of its corpus.
        split: "train", "dev" or "test".
        ontology: the name of the label inventory.
        image: the file of its image.
        entities: all entities of the text.
        relations: related and unrelated pairs of `mentions`.
        pair_mentions: the mentions of `relations` where there are no `entities`.
        events: all events of the text.
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
        """The mentions that `relations` index: the entities, or those of the pair."""
        return self.entities if self.entities is not None else self.pair_mentions
