"""Examples of texts that state relations: pairs in both orders, and joint extraction."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tasks import form, instruction
from tasks.ontology import NONE
from tasks.records import Asoc, Record, Span
from training.text.example import Example
from training.text.examples_of import PAIR_WEIGHT
from training.text.stated_relations import (
    MISCELLANEOUS,
    Fact,
    RelationKind,
    StatedText,
    StatementWriter,
    relation_kinds,
)

_SWAPPED = 0.6
_INVERSE_LISTED = 0.45
_FIRST_WORDS = 0.45
_MOST_OTHERS = 7
_ACROSS = 0.7
_JOINT = 0.3
_JOINT_OTHERS = 4
_TYPES = ("person", "organization", "location", MISCELLANEOUS)

Words = dict[tuple[str, ...], str]
"""The listed label of each relation, by all labels of the relation."""


@dataclass(frozen=True)
class StatedRelations:
    """`size` random texts per epoch, each with a few examples."""

    writer: StatementWriter
    size: int

    def epoch(self, generator: random.Random) -> Iterator[Example]:
        """Every example of one epoch."""
        for _ in range(self.size):
            yield from examples_of(self.writer.draw(generator), generator)


def examples_of(stated: StatedText, generator: random.Random) -> Iterator[Example]:
    """Sample the examples of a text.

    A fact in its order and, mostly, with head and tail swapped; a pair of one sentence and a pair
    across sentences without a fact; sometimes joint extraction.
    """
    if stated.facts:
        fact = generator.choice(stated.facts)
        yield pair(stated, fact.head, fact.tail, generator)
        if generator.random() < _SWAPPED:
            yield pair(stated, fact.tail, fact.head, generator)
    if stated.apart:
        yield pair(stated, *_ordered(generator.choice(stated.apart), generator), generator)
    across = _across(stated)
    if across and generator.random() < _ACROSS:
        yield pair(stated, *_ordered(generator.choice(across), generator), generator)
    if generator.random() < _JOINT:
        yield joint(stated, generator)


def pair(stated: StatedText, head: int, tail: int, generator: random.Random) -> Example:
    """The relation of two names in this order, among others that their types admit.

    The target is "none" if the names have no fact, or if they are swapped and no inverse label is
    listed. Relations that can hold along with the fact are not listed.

    Args:
        stated: the text.
        head: index of the head in `stated.names`.
        tail: index of the tail.
        generator: draws the listed labels and their order.
    """
    text, names = stated.passage.text, stated.names
    fact = _fact_between(stated, head, tail)
    options, answer = _options(
        _listed_type(names[head]), _listed_type(names[tail]), fact, generator
    )
    if fact is not None and fact.head != head:
        answer = answer[::-1]
    places = names[head][:2], names[tail][:2]
    right = answer[0] or NONE
    return Example(
        text=text,
        wording=instruction.relation(*(text[start:end] for start, end in places)),
        form=form.PAIR,
        records=(Record(None, None, (Asoc(right, Span.of(text, *places[1])),)),),
        asocs=tuple(generator.sample([*options, NONE], len(options) + 1)),
        head=places[0],
        tail=places[1],
        weight=PAIR_WEIGHT,
    )


def joint(stated: StatedText, generator: random.Random) -> Example:
    """Joint extraction of all names with the relations that they head; one label per relation."""
    text = stated.passage.text
    present = {fact.kind.labels: fact.kind for fact in stated.facts}
    near = frozenset().union(*(kind.near for kind in present.values()))
    absent = [
        kind
        for kind in relation_kinds()
        if kind.labels not in present and kind.labels[0] not in near
    ]
    others = generator.sample(absent, generator.randint(1, _JOINT_OTHERS))
    words = _distinct([*present.values(), *others], generator)
    spans = [Span.of(text, start, end) for start, end, _ in stated.names]
    records = tuple(
        Record(
            _listed_type(name),
            spans[index],
            tuple(
                Asoc(words[fact.kind.labels], spans[fact.tail])
                for fact in stated.facts
                if fact.head == index and fact.kind.labels in words
            ),
        )
        for index, name in enumerate(stated.names)
    )
    asocs = list(words.values())
    return Example(
        text,
        instruction.ENTITIES,
        form.JOINT,
        records,
        tuple(generator.sample(_TYPES, len(_TYPES))),
        tuple(generator.sample(asocs, len(asocs))),
    )


def _options(
    head: str, tail: str, fact: Fact | None, generator: random.Random
) -> tuple[list[str], tuple[str, str]]:
    """The listed labels, and the fact's labels: in its order and swapped, "" if not listed."""
    first = generator.random() < _FIRST_WORDS
    options: list[str] = []
    own = ("", "")
    if fact is not None:
        forward = _word(fact.kind.labels, generator, first=first)
        symmetric = fact.kind.labels == fact.kind.inverse
        listed = fact.kind.inverse and generator.random() < _INVERSE_LISTED
        swapped = _word(fact.kind.inverse, generator, first=first) if listed else ""
        own = (forward, forward) if symmetric else (forward, swapped)
        options = [word for word in dict.fromkeys(own) if word]
    blocked = (fact.kind.near | {fact.kind.labels[0]}) if fact else frozenset()
    others = [kind for kind in relation_kinds() if kind.labels[0] not in blocked]
    fitting = [words for kind in others for words in _words(kind, head, tail) if words]
    least = 0 if options else 1
    count = generator.randint(min(least, len(fitting)), min(_MOST_OTHERS, len(fitting)))
    for words in generator.sample(fitting, count):
        word = _word(words, generator, first=first)
        if word not in options:
            options.append(word)
    return options or ["related to"], own


def _words(kind: RelationKind, head: str, tail: str) -> tuple[tuple[str, ...], ...]:
    types = [MISCELLANEOUS if t == "nationality" else t for t in (kind.head, kind.tail)]
    forward = kind.labels if [head, tail] == types else ()
    swapped = kind.inverse if [tail, head] == types and kind.inverse != kind.labels else ()
    return forward, swapped


def _word(words: Sequence[str], generator: random.Random, *, first: bool) -> str:
    return words[0] if first else generator.choice(words)


def _distinct(kinds: Sequence[RelationKind], generator: random.Random) -> Words:
    """One label per relation, distinct within the list."""
    words: Words = {}
    for kind in kinds:
        free = [word for word in kind.labels if word not in words.values()]
        words[kind.labels] = generator.choice(free or list(kind.labels))
    return words


def _fact_between(stated: StatedText, head: int, tail: int) -> Fact | None:
    ends = {head, tail}
    return next((fact for fact in stated.facts if {fact.head, fact.tail} == ends), None)


def _across(stated: StatedText) -> list[tuple[int, int]]:
    """Pairs of names from different sentences."""
    sentence: dict[int, int] = {}
    pairs = [(fact.head, fact.tail) for fact in stated.facts] + list(stated.apart)
    for number, ends in enumerate(pairs):
        sentence |= dict.fromkeys(ends, number)
    return [(a, b) for a in sentence for b in sentence if a < b and sentence[a] != sentence[b]]


def _listed_type(name: tuple[int, int, str]) -> str:
    return MISCELLANEOUS if name[2] == "nationality" else name[2]


def _ordered(ends: tuple[int, int], generator: random.Random) -> tuple[int, int]:
    return ends if generator.random() < 0.5 else ends[::-1]
