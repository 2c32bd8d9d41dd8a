"""Records of the open sets: a document, and the labels that are fully annotated in it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from tasks.document import Document, Event, Mention, Relation
from tasks.ontology import Ontology

_HELD_OUT = 10
"""One of this many sources is in the dev split, for sets without one."""


@dataclass(frozen=True, slots=True)
class OpenRecord:
    """One text of an open set.

    `inventory` has the labels that are fully annotated in the text; prompts must not list others.
    `source` identifies the origin of the text: texts of one source are similar. `commercial` is
    false if the licence of the set or the text excludes commercial use, or is unknown.
    `given_triggers`: triggers are not fully annotated, so that prompts can only request the
    arguments of given triggers.
    """

    document: Document
    inventory: Ontology = field(repr=False)
    source: str
    commercial: bool
    given_triggers: bool = False

    @property
    def text(self) -> str:
        """The text."""
        return self.document.text

    @property
    def entities(self) -> tuple[Mention, ...] | None:
        """Every mention of the inventory's entity types; None if they are not annotated."""
        return self.document.entities

    @property
    def relations(self) -> tuple[Relation, ...] | None:
        """Every relation between `document.mentions`; "none" is a pair without a relation."""
        return self.document.relations

    @property
    def events(self) -> tuple[Event, ...] | None:
        """Every event of the inventory, or the given ones."""
        return self.document.events

    @property
    def nested(self) -> bool:
        """Whether mentions overlap."""
        spans = sorted((m.start, m.end) for m in self.document.mentions)
        return any(after[0] < before[1] for before, after in pairwise(spans))


Descriptions = Mapping[tuple[str, ...], str]
"""Descriptions of labels by (label,), of roles by (event, role)."""


def split_of(source: str) -> str:
    """The split of a source: "dev" for a tenth of them, else "train"; deterministic."""
    return "train" if zlib.crc32(source.encode()) % _HELD_OUT else "dev"
