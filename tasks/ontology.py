"""Label inventories: entity, relation and event types, their codes in corpora, their hierarchy.

Inventories are YAML files under `tasks/ontologies`; `load("twitter4")` reads one.
`Ontology.of_labels` makes one of the label lists of a request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import yaml

from tasks.errors import LabelError, UnknownOntology

NONE = "none"
"""The label for "no relation", an option of every pair prompt."""


@dataclass(frozen=True, slots=True)
class EntityType:
    """An entity type: its name in prompts, its codes in corpora, and the type above it."""

    name: str
    codes: tuple[str, ...] = ()
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class RelationType:
    """A relation: its name in prompts, its codes in corpora, and the types of head and tail.

    Empty `head` or `tail` admits any entity type.
    """

    name: str
    codes: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()

    def admits(self, head: str, tail: str) -> bool:
        """Whether mentions of these types can be its head and its tail."""
        return (not self.head or head in self.head) and (not self.tail or tail in self.tail)


@dataclass(frozen=True, slots=True)
class EventType:
    """An event type: its name in prompts, its codes in corpora, and the roles of its arguments."""

    name: str
    codes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ontology:
    """A label inventory. Prompts list the labels in its order.

    Attributes:
        name: the name, such as "twitter4".
        title: the title for readers.
        entities: the entity types.
        relations: the relations, without "none".
        events: the event types.
        entity_of: the name of an entity type by its code or name.
        relation_of: the name of a relation by its code or name.
        event_of: the name of an event type by its code or name.
    """

    name: str
    title: str = ""
    entities: tuple[EntityType, ...] = ()
    relations: tuple[RelationType, ...] = ()
    events: tuple[EventType, ...] = ()
    entity_of: dict[str, str] = field(init=False, repr=False, compare=False)
    relation_of: dict[str, str] = field(init=False, repr=False, compare=False)
    event_of: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the names by code."""
        object.__setattr__(self, "entity_of", _names_by_code(self.entities))
        object.__setattr__(self, "relation_of", _names_by_code(self.relations))
        object.__setattr__(self, "event_of", _names_by_code(self.events))

    @classmethod
    def of_labels(
        cls,
        *,
        entity_types: Sequence[str] = (),
        relation_types: Sequence[str] = (),
        event_types: Sequence[str] = (),
    ) -> Ontology:
        """Return the inventory of a request's labels. Its event types have no roles.

        "none" among the relations is ignored, since every pair prompt has it.

        Raises:
            LabelError: a label is empty or occurs twice.
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
        """Return the event type of a name.

        Raises:
            KeyError: there is none.
        """
        for event in self.events:
            if event.name == name:
                return event
        raise KeyError(name)


def _names_by_code(types: Sequence[EntityType | RelationType | EventType]) -> dict[str, str]:
    return {code: kind.name for kind in types for code in (*kind.codes, kind.name)}


def _distinct(labels: Sequence[str], label_field: str) -> Sequence[str]:
    if any(not label.strip() for label in labels):
        raise LabelError("a label is empty", field=label_field)
    if len({label.strip().casefold() for label in labels}) != len(labels):
        raise LabelError("a label is given twice", field=label_field)
    return [label.strip() for label in labels]


def names() -> list[str]:
    """Return the names of the shipped inventories, sorted."""
    folder = files("tasks.ontologies")
    return sorted(
        f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")
    )


@cache
def load(name: str) -> Ontology:
    """Load a shipped inventory.

    Raises:
        UnknownOntology: there is none of this name.
    """
    if name not in names():
        raise UnknownOntology(
            f"no ontology {name!r}; there are {', '.join(names())}", field="ontology"
        )
    text = files("tasks.ontologies").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return parse(yaml.safe_load(text))


def parse(tree: dict[str, object]) -> Ontology:
    """Make an inventory of the tree of a YAML file: name, title, entities, relations, events.

    Where a string stands in place of a list, the list of the shipped inventory of that name is
    used.
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
