"""Records of the open sets: a document, and the labels that it certainly annotates."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from tasks.document import Document, Event, Mention, Relation
from tasks.ontology import Ontology

_HELD_OUT = 10
"""One source of this many is the dev split of a set that has none."""


@dataclass(frozen=True, slots=True)
class OpenRecord:
    """One text of an open set.

    `inventory` has the labels whose every occurrence in the text is annotated, in plain words; no
    other label may be asked for. `source` names what the text was cut from or made after: texts of
    one source are alike. `commercial` is false where the licence of the set or of this text rules
    commercial use out, or none is stated. `given_triggers`: events of the inventory may have
    further occurrences, so that only the arguments of the given triggers can be asked for.
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
        """Every mention of the inventory's entity types; None where they are not annotated."""
        return self.document.entities

    @property
    def relations(self) -> tuple[Relation, ...] | None:
        """Every relation between `document.mentions`; "none" marks a pair without any."""
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
"""A sentence about a label: by (label,), or by (event, role) for a role."""


def split_of(source: str) -> str:
    """Tell "dev" for a tenth of the sources, always the same ones, and "train" for the others."""
    return "train" if zlib.crc32(source.encode()) % _HELD_OUT else "dev"
