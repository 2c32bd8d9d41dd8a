"""Examples for any inventory: label lists with absent labels, synonyms and descriptions."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from tasks import form, instruction
from tasks.document import Document, Event, Mention, Relation
from tasks.ontology import NONE, Ontology
from tasks.records import Record, Span
from training.corpora.label_wordings import Kind
from training.corpora.records import OpenRecord
from training.text import examples_of as make
from training.text.example import Example
from training.text.label_words import descriptions_of, reworded, words_for

_SHORT = 6
_AS_LISTED, _FULL, _FULL_LONG = 0.4, 0.55, 0.3
_DROPPED = 0.12
_MOST_LABELS, _LONGEST = 24, 60
_MOST_PAIRS, _MOST_EVENTS = 6, 2
_NO_MENTION = 0.3
_WRONG_WORDS = 3


def examples_of(record: OpenRecord, generator: random.Random) -> Iterator[Example]:
    """The examples of one record of an open set, with its own inventory as labels."""
    document, inventory = record.document, record.inventory
    if document.entities is not None and inventory.entities:
        yield entities(document, inventory, generator)
        if document.relations and not record.nested and generator.random() < 0.3:
            yield make.joint(document, inventory, generator)
    if document.relations and inventory.relations:
        asked = generator.sample(document.relations, min(_MOST_PAIRS, len(document.relations)))
        yield from pairs(document, asked, inventory, generator)
    if document.events is not None and inventory.events:
        if not record.given_triggers:
            yield triggers(document, inventory, generator)
        events = [e for e in document.events if inventory.event(e.type).roles]
        for event in generator.sample(events, min(_MOST_EVENTS, len(events))):
            yield make.arguments(document, event, inventory, generator)


def entities(document: Document, inventory: Ontology, generator: random.Random) -> Example:
    """The document's entities with a random list of labels."""
    names = [t.name for t in inventory.entities]
    return _listed(
        document, names, document.entities or (), instruction.ENTITIES, form.ENTITIES, generator
    )


def triggers(document: Document, inventory: Ontology, generator: random.Random) -> Example:
    """The document's event triggers with a random list of types."""
    names = [t.name for t in inventory.events]
    events = document.events or ()
    return _listed(document, names, events, instruction.EVENTS, form.TRIGGERS, generator)


def choices(
    document: Document, inventory: Ontology, generator: random.Random, most: int
) -> Iterator[Example]:
    """The types of given mentions, with the option "none", which is correct for other words."""
    mentions = list(document.entities or ())
    names = generator.sample([t.name for t in inventory.entities], len(inventory.entities))
    for mention in generator.sample(mentions, min(most, len(mentions))):
        start, end, label = mention.start, mention.end, mention.type
        if generator.random() < _NO_MENTION:
            found = _other_words(document, generator)
            if found is None:
                continue
            start, end, label = *found, NONE
        listed = _shortened(names, {label} - {NONE}, generator)
        yield Example(
            text=document.text,
            wording=instruction.mention(document.text[start:end]),
            form=form.CHOICE,
            records=(Record(label, Span.of(document.text, start, end)),),
            spots=(*listed, NONE),
            head=(start, end),
        )


def _listed(
    document: Document,
    names: Sequence[str],
    said: Sequence[Mention] | Sequence[Event],
    wording: instruction.Wording,
    shape: form.Form,
    generator: random.Random,
) -> Example:
    listed = _labels(names, {item.type for item in said}, generator)
    kind: Kind = "events" if shape is form.TRIGGERS else "entities"
    words = words_for(kind, listed, generator)
    records = tuple(
        Record(words[item.type], Span.of(document.text, item.start, item.end))
        for item in said
        if item.type in words
    )
    return Example(
        text=document.text,
        wording=wording,
        form=shape,
        records=records,
        spots=tuple(words.values()),
        descriptions=descriptions_of(kind, words, generator),
    )


def _labels(names: Sequence[str], present: set[str], generator: random.Random) -> list[str]:
    """Most of a short inventory; of a long one about as many absent labels as present ones."""
    if len(names) <= _SHORT and generator.random() >= _DROPPED:
        return list(names) if generator.random() < _AS_LISTED else _shuffled(names, generator)
    whole = _FULL if len(names) <= _MOST_LABELS else _FULL_LONG
    if len(names) <= _LONGEST and generator.random() < whole:
        return list(names) if generator.random() < _AS_LISTED else _shuffled(names, generator)
    return _shortened(names, present, generator)


def _shortened(names: Sequence[str], present: set[str], generator: random.Random) -> list[str]:
    kept = [name for name in names if name in present]
    if len(kept) > 1 and generator.random() < _DROPPED:
        kept = generator.sample(kept, generator.randint(1, len(kept) - 1))
    absent = [name for name in names if name not in present]
    room = max(1, _MOST_LABELS - len(kept))
    count = min(len(absent), room, generator.randint(len(kept) // 2, 2 * len(kept) + 3))
    return _shuffled([*kept, *generator.sample(absent, count)] or list(names[:1]), generator)


def pairs(
    document: Document,
    relations: Sequence[Relation],
    inventory: Ontology,
    generator: random.Random,
) -> Iterator[Example]:
    """The relations of given pairs, with some labels replaced by synonyms."""
    asked = make.pairs(document, relations, inventory, generator)
    for _, same in groupby(asked, key=attrgetter("asocs")):
        yield from reworded(list(same), "relations", generator)


def _other_words(document: Document, generator: random.Random) -> tuple[int, int] | None:
    """One to three words of the text that overlap no mention."""
    taken = [(m.start, m.end) for m in document.entities or ()]
    words, at = [], 0
    for word in document.text.split():
        start = document.text.index(word, at)
        at = start + len(word)
        if word.isalpha() and all(at <= a or start >= b for a, b in taken):
            words.append((start, at))
    if not words:
        return None
    first = generator.randrange(len(words))
    last = min(len(words) - 1, first + generator.randrange(_WRONG_WORDS))
    start, end = words[first][0], words[last][1]
    if any(start < b and a < end for a, b in taken):
        return words[first]
    return start, end


def _shuffled(names: Sequence[str], generator: random.Random) -> list[str]:
    return generator.sample(list(names), len(names))
