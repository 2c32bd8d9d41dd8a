"""Synonyms for the labels of an example, so that the model generalises to unseen labels."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tasks.ontology import NONE
from tasks.records import Record
from training.corpora.label_wordings import Kind, alternatives, wording
from training.text.example import Example

_OTHER = 0.2
_STYLED = 0.07
_TAGGED = 0.08
_DESCRIBED = 0.2
_SHORT = 6
_PLAIN = 0.75

TAGS = {
    "person": ("PER", "PERSON"),
    "location": ("LOC", "GPE", "LOCATION"),
    "organization": ("ORG", "ORGANIZATION"),
    "miscellaneous": ("MISC", "OTHER"),
    "date": ("DATE",),
    "money": ("MONEY",),
    "event": ("EVENT",),
    "product": ("PRODUCT",),
}
"""Tags that other tools use."""


def words_for(kind: Kind, labels: Sequence[str], generator: random.Random) -> dict[str, str]:
    """A distinct word for each label, mostly the label itself."""
    if all(label in TAGS for label in labels) and generator.random() < _TAGGED:
        return _distinct(labels, {label: generator.choice(TAGS[label]) for label in labels})
    if len(labels) <= _SHORT and generator.random() < _PLAIN:
        return {label: label for label in labels}
    words = {label: _word(kind, label, labels, generator) for label in labels}
    return _distinct(labels, words)


def reworded(
    examples: Sequence[Example], kind: Kind, generator: random.Random
) -> Iterator[Example]:
    """Examples that list the same asocs, with synonyms for some of them; "none" is unchanged."""
    labels = [name for name in examples[0].asocs if name != NONE]
    words = {**words_for(kind, labels, generator), NONE: NONE}
    for example in examples:
        yield replace(
            example,
            asocs=tuple(words[name] for name in example.asocs),
            records=tuple(_renamed(record, words) for record in example.records),
        )


def descriptions_of(
    kind: Kind, words: Mapping[str, str], generator: random.Random
) -> dict[str, str]:
    """With some probability, the description of each label that has one, by the label's word."""
    if generator.random() >= _DESCRIBED:
        return {}
    found = {word: wording(kind, label).description for label, word in words.items()}
    return {word: text for word, text in found.items() if text}


def _renamed(record: Record, words: Mapping[str, str]) -> Record:
    asocs = tuple(replace(a, label=words.get(a.label, a.label)) for a in record.asocs)
    return replace(record, asocs=asocs)


def _word(kind: Kind, label: str, labels: Sequence[str], generator: random.Random) -> str:
    others = alternatives(kind, label, labels)
    word = generator.choice(others) if others and generator.random() < _OTHER else label
    if generator.random() < _STYLED:
        word = generator.choice((word.upper(), word.title(), word.replace(" ", "_")))
    return word


def _distinct(labels: Sequence[str], words: dict[str, str]) -> dict[str, str]:
    return words if len(set(words.values())) == len(words) else {label: label for label in labels}
