"""Types of the keyword arguments of the client. None means that an argument is omitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict

from schema.extraction import EntityFound, RegionFound, Task
from umie_client.pictures import ImageSource

Labels: TypeAlias = str | Sequence[str]
"""One label, or several."""

Box: TypeAlias = Sequence[float]
"""x1, y1, x2, y2 in pixels of the upright image."""

Region: TypeAlias = Box | Mapping[str, Any] | RegionFound
"""A box, `{"box": …, "label": …}`, or a region of another response."""


Mention: TypeAlias = Mapping[str, Any] | EntityFound
"""`{"start": …, "end": …}`, with or without "type", or an entity of another response."""


Span: TypeAlias = Sequence[int] | Mapping[str, int] | EntityFound
"""Offsets [start, end], `{"start": …, "end": …}`, or an entity of another response."""


class Part(TypedDict, total=False):
    """A part of a request.

    Attributes:
        text: the text, or none.
        image: the image, or none.
        kind: "step" for a step of a procedure.
    """

    text: str | None
    image: ImageSource | None
    kind: Literal["part", "step"] | None


class TaskOptions(TypedDict, total=False):
    """Options of every task.

    Attributes:
        ontology: name of an ontology of the service, or a mapping in the format of its files.
        entity_types: replace those of the ontology.
        relation_types: replace those of the ontology.
        event_types: replace those of the ontology.
        regions: replace the proposed regions.
        mentions: the spans of the entities, which are then not searched for.
        min_score: smallest score of results, in 0..1.
        alternatives: how many of the next likely types each entity has, 0 to 3.
        context: a caption, a title or background text, from which nothing is extracted.
        parts: texts and images in order, in place of a text, an image and regions.
    """

    ontology: str | Mapping[str, Any] | None
    entity_types: Labels | None
    relation_types: Labels | None
    event_types: Labels | None
    regions: Sequence[Region] | None
    mentions: Sequence[Mention] | None
    min_score: float | None
    alternatives: int | None
    context: str | None
    parts: Sequence[Part] | None


class ExtractOptions(TaskOptions, total=False):
    """Options of an extraction: `tasks` are "entities", "relations" and "events"; default all."""

    tasks: Task | str | Sequence[Task | str] | None


class ExtractItem(ExtractOptions, total=False):
    """An item of `extract_many`: `text` or `image` or both, and its own options."""

    text: str | None
    image: ImageSource | None


class InstructOptions(TypedDict, total=False):
    """Options of an instruction.

    Attributes:
        before: the part of the prompt before the text.
        after: the part of the prompt after the text.
        spots: types to choose from.
        asocs: roles or relations to choose from.
        form: the grammar of the answer.
        head: offsets of the head of a pair, half-open, in code points.
        tail: offsets of the tail.
        constrained: whether decoding is constrained by the grammar; default True.
        regions: replace the proposed regions.
    """

    before: str | None
    after: str | None
    spots: Labels | None
    asocs: Labels | None
    form: Literal["entities", "grounded", "joint", "triggers", "arguments", "pair"] | None
    head: Span | None
    tail: Span | None
    constrained: bool | None
    regions: Sequence[Region] | None


class ChooseOptions(TypedDict, total=False):
    """What a choice is about.

    Attributes:
        span: the span whose type is asked for.
        head: the head of a pair.
        tail: the tail of a pair.
        regions: replace the proposed regions.
    """

    span: Span | None
    head: Span | None
    tail: Span | None
    regions: Sequence[Region] | None
