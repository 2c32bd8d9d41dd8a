"""Synthetic texts that state relations in many wordings and both orders, or state none.

In annotated corpora the types of a pair nearly determine its relation and direction: the person is
always the head, the place the tail. So a model learns to decide by types. Here two names of the
same types have any relation, in either direction, or none. Templates are in `statements.yaml`.

Example, with the passage "Ann Lee taught Ben Roth the piano.":

    StatementWriter(names, works).draw(random.Random(0))
    # StatedText(passage, facts=(Fact(teacher of, head=0, tail=1),), apart=())
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from training.text.names import NamePool
from training.text.passage import Passage, Segment
from training.text.surface import restyled

MISCELLANEOUS = "miscellaneous"
_SENTENCES, _SENTENCE_WEIGHTS = (1, 2, 3, 4), (0.45, 0.25, 0.2, 0.1)
_UNRELATED, _FILLER = 0.34, 0.1  # shares of sentences; all others state a relation
_SEPARATORS = (" ", " ", " ", "\n", "\n\n")
_RESTYLED = 0.35
_SLOTS = ("{h}", "{t}", "{a}", "{b}")


@dataclass(frozen=True, slots=True)
class RelationKind:
    """A relation between two types, with several labels.

    `labels` are labels from head to tail, `inverse` from tail to head; a symmetric relation has the
    same list for both. `near` are the first labels of relations that can hold at the same time.
    `texts` are templates with the slots {h} and {t}.
    """

    labels: tuple[str, ...]
    inverse: tuple[str, ...]
    head: str
    tail: str
    near: frozenset[str]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A relation between two names of a text; head and tail are indices of names."""

    kind: RelationKind
    head: int
    tail: int


@dataclass(frozen=True, slots=True)
class StatedText:
    """A passage with its facts; `apart` are pairs of names of one sentence without a fact."""

    passage: Passage
    facts: tuple[Fact, ...]
    apart: tuple[tuple[int, int], ...]

    @property
    def names(self) -> list[tuple[int, int, str]]:
        """Start, end and type of every name, in text order."""
        found, at = [], 0
        for segment in self.passage.segments:
            if segment.kind is not None:
                found.append((at, at + len(segment.text), segment.kind))
            at += len(segment.text)
        return found


@cache
def relation_kinds() -> tuple[RelationKind, ...]:
    """All relations of `statements.yaml`."""
    return tuple(
        RelationKind(
            labels=tuple(row["labels"]),
            inverse=tuple(row["labels"] if row.get("symmetric") else row.get("inverse", ())),
            head=row["head"],
            tail=row["tail"],
            near=frozenset(row.get("near", ())),
            texts=tuple(row["texts"]),
        )
        for row in _tree()["relations"]
    )


@dataclass(frozen=True)
class StatementWriter:
    """Draws random texts.

    Args:
        names: names of persons, organizations and locations.
        miscellaneous: names of works, events and products.
    """

    names: NamePool
    miscellaneous: Sequence[str]

    def draw(self, generator: random.Random) -> StatedText:
        """Draw a text of one to four sentences; no name occurs in two sentences."""
        wanted = generator.choices(_SENTENCES, _SENTENCE_WEIGHTS)[0]
        separator = generator.choice(_SEPARATORS)
        segments: list[Segment] = []
        facts: list[Fact] = []
        apart: list[tuple[int, int]] = []
        taken: set[str] = set()
        for number in range(wanted):
            if number:
                segments.append(Segment(separator))
            count = sum(segment.kind is not None for segment in segments)
            draw = generator.random()
            if wanted > 1 and draw < _FILLER:
                segments.append(Segment(generator.choice(_tree()["filler"])))
            elif draw < _FILLER + _UNRELATED:
                segments += self._unrelated(taken, generator)
                apart.append((count, count + 1))
            else:
                kind, sentence, head = self._stated(taken, generator)
                segments += sentence
                facts.append(Fact(kind, count + head, count + 1 - head))
        passage = Passage(tuple(segment for segment in segments if segment.text))
        if generator.random() < _RESTYLED:
            passage = restyled(passage, generator)
        return StatedText(passage, tuple(facts), tuple(apart))

    def _stated(
        self, taken: set[str], generator: random.Random
    ) -> tuple[RelationKind, list[Segment], int]:
        """Draw a relation and its sentence; the head is the first (0) or second (1) name of it."""
        kind = generator.choice(relation_kinds())
        text = generator.choice(kind.texts)
        types = {"{h}": kind.head, "{t}": kind.tail}
        return kind, self._filled(text, types, taken, generator), int(_order(text)[0] != "{h}")

    def _unrelated(self, taken: set[str], generator: random.Random) -> list[Segment]:
        types, texts = generator.choice(list(_tree()["unrelated"].items()))
        first, second = types.split()
        slots = {"{a}": first, "{b}": second}
        return self._filled(generator.choice(texts), slots, taken, generator)

    def _filled(
        self, text: str, types: Mapping[str, str], taken: set[str], generator: random.Random
    ) -> list[Segment]:
        segments: list[Segment] = []
        for slot in _order(text):
            before, text = text.split(slot, 1)
            name = self._name(types[slot], taken, generator)
            segments += [Segment(before), Segment(name, types[slot])]
        return [*segments, Segment(text)]

    def _name(self, kind: str, taken: set[str], generator: random.Random) -> str:
        draw: Callable[[], str] = {
            "person": lambda: self.names.person("any", generator),
            "organization": lambda: generator.choice(self.names.organization),
            "location": lambda: generator.choice(self.names.location),
            "nationality": lambda: generator.choice(_tree()["nationalities"]),
        }.get(kind, lambda: generator.choice(self.miscellaneous))
        name = draw()
        while any(name in other or other in name for other in taken):
            name = draw()
        taken.add(name)
        return name


def _order(text: str) -> list[str]:
    """The slots of a template in text order."""
    return sorted((slot for slot in _SLOTS if slot in text), key=text.index)


@cache
def _tree() -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name in ("statements.yaml", "unrelated.yaml"):
        text = files("training.text").joinpath(name).read_text(encoding="utf-8")
        tree |= yaml.safe_load(text)
    return tree
