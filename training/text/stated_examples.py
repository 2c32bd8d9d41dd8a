"""Examples of texts that state relations: pairs in both orders, and joint extraction."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

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

_INVERSE_LISTED = 0.45
_FIRST_WORDS = 0.45
_MOST_OTHERS = 7
_MOST_OTHER_PAIRS = 3
_UNFIT_LISTED = 0.2
_JOINT = 0.3
_JOINT_OTHERS = 4
_TYPES = ("person", "organization", "location", MISCELLANEOUS)

Words = dict[tuple[str, ...], str]
"""The listed label of each relation, by all labels of the relation."""

Ends = tuple[int, int]
"""Indices of the names of head and tail."""

UNFIT = "related to"
"""The only label for pairs whose types no relation admits."""


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
    """Sample the examples of a text: pairs of its names, and sometimes joint extraction."""
    yield from pairs(stated, generator)
    if generator.random() < _JOINT:
        yield joint(stated, generator)


def pairs(stated: StatedText, generator: random.Random) -> Iterator[Example]:
    """The relations of ordered pairs of names; pairs of the same types list the same labels.

    The target is "none" if the names have no fact, or if they are swapped and no inverse label is
    listed. Relations that can hold along with a fact of the text are not listed.
    """
    names = stated.names
    groups: dict[tuple[str, str], list[Ends]] = {}
    for head, tail in permutations(range(len(names)), 2):
        kinds = _listed_type(names[head]), _listed_type(names[tail])
        groups.setdefault(kinds, []).append((head, tail))
    for kinds, ends in groups.items():
        options, answers = _options(kinds, ends, stated.facts, generator)
        if not options and generator.random() < _UNFIT_LISTED:
            options = [UNFIT]
        if options:
            asocs = tuple(generator.sample([*options, NONE], len(options) + 1))
            for head, tail in _asked(stated, ends, generator):
                yield _pair(stated, head, tail, answers.get((head, tail), NONE), asocs)


def _asked(stated: StatedText, ends: Sequence[Ends], generator: random.Random) -> list[Ends]:
    """Pairs of one sentence, and a few others, by head."""
    near = {(f.head, f.tail) for f in stated.facts} | set(stated.apart)
    chosen = [pair for pair in ends if pair in near or pair[::-1] in near]
    others = [pair for pair in ends if pair not in chosen]
    room = min(len(others), max(1, len(chosen)), _MOST_OTHER_PAIRS)
    return sorted([*chosen, *generator.sample(others, room)])


def _pair(stated: StatedText, head: int, tail: int, right: str, asocs: tuple[str, ...]) -> Example:
    text = stated.passage.text
    first, second = stated.names[head][:2], stated.names[tail][:2]
    return Example(
        text=text,
        wording=instruction.relation(text[slice(*first)], text[slice(*second)]),
        form=form.PAIR,
        records=(Record(None, None, (Asoc(right, Span.of(text, *second)),)),),
        asocs=asocs,
        head=first,
        tail=second,
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
    kinds: tuple[str, str],
    ends: Sequence[Ends],
    facts: Sequence[Fact],
    generator: random.Random,
) -> tuple[list[str], dict[Ends, str]]:
    """The listed labels for pairs of these types, and the label of each pair with a fact."""
    first = generator.random() < _FIRST_WORDS
    words: dict[tuple[str, ...], str] = {}
    answers: dict[Ends, str] = {}
    for fact in facts:
        for pair, labels in _directions(fact):
            if pair not in ends or not labels:
                continue
            if labels not in words:
                listed = labels == fact.kind.labels or generator.random() < _INVERSE_LISTED
                words[labels] = _word(labels, generator, first=first) if listed else ""
            if words[labels]:
                answers[pair] = words[labels]
    options = list(dict.fromkeys(word for word in words.values() if word))
    blocked = {name for fact in facts for name in (fact.kind.labels[0], *fact.kind.near)}
    others = [kind for kind in relation_kinds() if kind.labels[0] not in blocked]
    fitting = [labels for kind in others for labels in _words(kind, *kinds) if labels]
    least = 0 if options else 1
    count = generator.randint(min(least, len(fitting)), min(_MOST_OTHERS, len(fitting)))
    for labels in generator.sample(fitting, count):
        word = _word(labels, generator, first=first)
        if word not in options:
            options.append(word)
    return options, answers


def _directions(fact: Fact) -> tuple[tuple[Ends, tuple[str, ...]], ...]:
    """The labels of a fact's pair, and those of the swapped pair."""
    pair = fact.head, fact.tail
    return (pair, fact.kind.labels), (pair[::-1], fact.kind.inverse)


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


def _listed_type(name: tuple[int, int, str]) -> str:
    return MISCELLANEOUS if name[2] == "nationality" else name[2]
