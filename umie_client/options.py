"""What can be asked for, by name; None is the same as leaving it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict

from schema.extraction import RegionFound, Task
from umie_client.pictures import ImageSource

Labels: TypeAlias = str | Sequence[str]
"""One label, or several."""

Box: TypeAlias = Sequence[float]
"""x1, y1, x2, y2 in pixels of the upright picture."""

Region: TypeAlias = Box | Mapping[str, Any] | RegionFound
"""A box, `{"box": …, "label": …}`, or a region of another answer."""


class TaskOptions(TypedDict, total=False):
    """What each task takes.

    `ontology` is the name of one of the service's, or a mapping in the form of its files;
    `entity_types`, `relation_types` and `event_types` stand in for the ontology's; `regions` for
    those that the model would propose. What scores lower than `min_score` is left out.
    """

    ontology: str | Mapping[str, Any] | None
    entity_types: Labels | None
    relation_types: Labels | None
    event_types: Labels | None
    regions: Sequence[Region] | None
    min_score: float | None


class ExtractOptions(TaskOptions, total=False):
    """What extraction takes: `tasks` are "entities", "relations" and "events", all by default."""

    tasks: Task | str | Sequence[Task | str] | None


class ExtractItem(ExtractOptions, total=False):
    """One of many extractions: `text` or `image` or both, and options of its own."""

    text: str | None
    image: ImageSource | None


class InstructOptions(TypedDict, total=False):
    """What an instruction takes.

    `before` and `after` stand around the text in the prompt; `spots` are types and `asocs` roles
    or relations to choose from. `head` and `tail` say where a pair's mentions stand in the text,
    half-open, in code points. Not `constrained`, the model writes what it likes.
    """

    before: str | None
    after: str | None
    spots: Labels | None
    asocs: Labels | None
    form: Literal["entities", "grounded", "joint", "triggers", "arguments", "pair"] | None
    head: Sequence[int] | None
    tail: Sequence[int] | None
    constrained: bool | None
    regions: Sequence[Region] | None
