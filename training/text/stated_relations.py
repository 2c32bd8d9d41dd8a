"""Texts that state relations in many words and both orders, beside texts that state none.

In annotated corpora the types of a pair nearly tell its relation and direction: a person and a
place are always told as person, then place. So a model learns to read types. Here two names of the
same types stand in every relation, in either direction, or in none.
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
_STATED, _UNRELATED, _FILLER = 0.56, 0.34, 0.1
_SEPARATORS = (" ", " ", " ", "\n", "\n\n")
_RESTYLED = 0.35
_SLOTS = {"{h}": "head", "{t}": "tail", "{a}": "first", "{b}": "second"}


@dataclass(frozen=True, slots=True)
class RelationKind:
    """A relation between two types in several words.

    `labels` are words for head to tail, `inverse` words for tail to head; a symmetric one has one
    list for both. `near` are first labels of relations that can be true along with it.
    """

    labels: tuple[str, ...]
    inverse: tuple[str, ...]
    head: str
    tail: str
    near: frozenset[str]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """A relation between two names of a text, counted from 0."""

    kind: RelationKind
    head: int
    tail: int


@dataclass(frozen=True, slots=True)
class StatedText:
    """A passage with its facts; two names of one sentence without a fact are `apart`."""

    passage: Passage
    facts: tuple[Fact, ...]
    apart: tuple[tuple[int, int], ...]

    @property
    def names(self) -> list[tuple[int, int, str]]:
        """Start, end and type of every name, in the order of the text."""
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
    """Draws texts; `miscellaneous` are names of works, events and the like."""

    names: NamePool
    miscellaneous: Sequence[str]

    def draw(self, generator: random.Random) -> StatedText:
        """A text of one to four sentences, no name of which stands in two of them."""
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
        """A relation, its sentence, and the place of its head among the two names."""
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
    """The slots of a template as they stand in it."""
    return sorted((slot for slot in _SLOTS if slot in text), key=text.index)


@cache
def _tree() -> dict[str, Any]:
    path = files("training.text").joinpath("statements.yaml")
    tree: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tree
