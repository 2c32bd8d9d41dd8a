"""Label inventories: which types exist, what their corpora call them, how they roll up.

Inventories are YAML files under `tasks/ontologies`; `load("twitter4")` reads one. A request's own
label lists make an unnamed one through `Ontology.of_labels`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import yaml

from tasks.errors import LabelError, UnknownOntology

NONE = "none"
"""The word for "no relation", an option of every pair prompt."""


@dataclass(frozen=True, slots=True)
class EntityType:
    """A type's word in prompts, the codes corpora use for it, the coarser type it rolls up to."""

    name: str
    codes: tuple[str, ...] = ()
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class RelationType:
    """A relation's word, its corpus codes, the entity types it can hold between (empty: any)."""

    name: str
    codes: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()

    def admits(self, head: str, tail: str) -> bool:
        """Whether a mention of type `head` can stand in this relation to one of type `tail`."""
        return (not self.head or head in self.head) and (not self.tail or tail in self.tail)


@dataclass(frozen=True, slots=True)
class EventType:
    """An event's word, its corpus codes and the roles that its arguments play."""

    name: str
    codes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ontology:
    """A label inventory. Its order is that of the options in prompts, so it is input, too."""

    name: str
    title: str = ""
    entities: tuple[EntityType, ...] = ()
    relations: tuple[RelationType, ...] = ()
    events: tuple[EventType, ...] = ()
    entity_of: dict[str, str] = field(init=False, repr=False, compare=False)
    relation_of: dict[str, str] = field(init=False, repr=False, compare=False)
    event_of: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index every code and every word by the word that stands for it."""
        object.__setattr__(self, "entity_of", _words_by_code(self.entities))
        object.__setattr__(self, "relation_of", _words_by_code(self.relations))
        object.__setattr__(self, "event_of", _words_by_code(self.events))

    @classmethod
    def of_labels(
        cls,
        *,
        entity_types: Sequence[str] = (),
        relation_types: Sequence[str] = (),
        event_types: Sequence[str] = (),
    ) -> Ontology:
        """An inventory made of bare words, as a request gives them; its events have no roles.

        "none" among the relations is passed over: every pair prompt has it. Raises `LabelError`.
        """
        return cls(
            name="request",
            entities=tuple(EntityType(n) for n in _distinct(entity_types, "entity_types")),
            relations=tuple(
                RelationType(n)
                for n in _distinct(relation_types, "relation_types")
                if n.casefold() != NONE
            ),
            events=tuple(EventType(n) for n in _distinct(event_types, "event_types")),
        )

    def event(self, name: str) -> EventType:
        """The event type called `name`; KeyError if there is none."""
        for event in self.events:
            if event.name == name:
                return event
        raise KeyError(name)


def _words_by_code(types: Sequence[EntityType | RelationType | EventType]) -> dict[str, str]:
    return {code: kind.name for kind in types for code in (*kind.codes, kind.name)}


def _distinct(labels: Sequence[str], label_field: str) -> Sequence[str]:
    if any(not label.strip() for label in labels):
        raise LabelError("a label is empty", field=label_field)
    if len({label.strip().casefold() for label in labels}) != len(labels):
        raise LabelError("a label is given twice", field=label_field)
    return [label.strip() for label in labels]


def names() -> list[str]:
    """The inventories that ship with the project, sorted."""
    folder = files("tasks.ontologies")
    return sorted(
        f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")
    )


@cache
def load(name: str) -> Ontology:
    """The shipped inventory called `name`; raises `UnknownOntology`."""
    if name not in names():
        raise UnknownOntology(
            f"no ontology {name!r}; there are {', '.join(names())}", field="ontology"
        )
    text = files("tasks.ontologies").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return parse(yaml.safe_load(text))


def parse(tree: dict[str, object]) -> Ontology:
    """An inventory from the tree that its YAML holds: name, title, entities, relations, events.

    A part that is a word in place of a list is taken from the shipped inventory of that name.
    """
    return Ontology(
        name=str(tree["name"]),
        title=str(tree.get("title", "")),
        entities=_entities(tree.get("entities")),
        relations=_relations(tree.get("relations")),
        events=_events(tree.get("events")),
    )


def _entities(part: object) -> tuple[EntityType, ...]:
    if isinstance(part, str):
        return load(part).entities
    return tuple(
        EntityType(str(r["name"]), _words(r, "codes"), str(r["parent"]) if "parent" in r else None)
        for r in _rows(part)
    )


def _relations(part: object) -> tuple[RelationType, ...]:
    if isinstance(part, str):
        return load(part).relations
    return tuple(
        RelationType(str(r["name"]), _words(r, "codes"), _words(r, "head"), _words(r, "tail"))
        for r in _rows(part)
    )


def _events(part: object) -> tuple[EventType, ...]:
    if isinstance(part, str):
        return load(part).events
    return tuple(
        EventType(str(r["name"]), _words(r, "codes"), _words(r, "roles")) for r in _rows(part)
    )


def _rows(part: object) -> list[dict[str, object]]:
    rows = part or []
    assert isinstance(rows, list)
    return [{"name": row} if isinstance(row, str) else row for row in rows]


def _words(row: dict[str, object], key: str) -> tuple[str, ...]:
    value = row.get(key) or ()
    assert isinstance(value, (list, tuple))
    return tuple(str(word) for word in value)
