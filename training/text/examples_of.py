"""Training examples of annotated documents: sampling, wording and order of the label list."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import permutations

from tasks import form, instruction
from tasks.document import Document, Event, Mention, Relation
from tasks.ontology import NONE, Ontology
from tasks.records import Asoc, Record, Span
from training.text.example import Example, ExamplePicture

_OTHER_WORDS = {
    "person": ("people", "human", "name of a person"),
    "location": ("place", "geographic location"),
    "organization": ("organisation", "company or group", "institution"),
    "miscellaneous": ("other", "other named entity", "misc"),
}
_PARAPHRASED, _DROPPED = 0.1, 0.1
_ADMITTED = 0.7
PAIR_WEIGHT = 3.0  # a pair has one decision, a list of entities about fifteen


def entities(
    document: Document,
    ontology: Ontology,
    generator: random.Random,
    *,
    most_labels: int = 24,
    picture: ExamplePicture | None = None,
) -> Example:
    """Extraction of the document's entities, grounded if there is a picture.

    Lists of labels are shuffled, sometimes shortened and sometimes reworded; long inventories are
    sampled so that every type of the target and some absent ones are listed.
    """
    mentions = document.entities or ()
    labels = _listed([t.name for t in ontology.entities], mentions, generator, most_labels)
    words = {label: _word(label, generator) for label in labels}
    records = tuple(
        Record(
            words[mention.type],
            Span.of(document.text, mention.start, mention.end),
        )
        for mention in mentions
        if mention.type in words
    )
    return Example(
        text=document.text,
        wording=instruction.ENTITIES,
        form=form.GROUNDED if picture else form.ENTITIES,
        records=records,
        spots=tuple(words.values()),
        asocs=(form.REGION_ROLE,) if picture else (),
        picture=picture,
    )


def pairs(
    document: Document,
    relations: Sequence[Relation],
    ontology: Ontology,
    generator: random.Random,
    *,
    picture: ExamplePicture | None = None,
) -> Iterator[Example]:
    """The relations of given pairs, with "none" among the options.

    Pairs of the same types list the same labels, as in the service; those of one head are adjacent.
    """
    groups: dict[tuple[str, str], list[Relation]] = {}
    for relation in relations:
        kinds = _types_of(document, relation, ontology, generator)
        groups.setdefault(kinds, []).append(relation)
    for kinds, group in groups.items():
        labels = _relation_options({r.type for r in group}, kinds, ontology, generator)
        for relation in sorted(group, key=lambda relation: relation.head):
            yield _pair(document, relation, labels, picture)


def _pair(
    document: Document, relation: Relation, labels: Sequence[str], picture: ExamplePicture | None
) -> Example:
    head, tail = document.mentions[relation.head], document.mentions[relation.tail]
    span = Span.of(document.text, tail.start, tail.end)
    return Example(
        text=document.text,
        wording=instruction.relation(document.text[head.start : head.end], span.text),
        form=form.PAIR,
        records=(Record(None, None, (Asoc(relation.type, span),)),),
        asocs=tuple(labels),
        head=(head.start, head.end),
        tail=(tail.start, tail.end),
        picture=picture,
        weight=PAIR_WEIGHT,
    )


def joint(document: Document, ontology: Ontology, generator: random.Random) -> Example:
    """Entities with the relations that they head; mentions of unknown type are left out."""
    spots = _shuffled([t.name for t in ontology.entities], generator)
    asocs = _shuffled([t.name for t in ontology.relations], generator)
    records = tuple(record for record in joint_records(document) if record.label)
    return Example(
        document.text, instruction.ENTITIES, form.JOINT, records, tuple(spots), tuple(asocs)
    )


def joint_records(document: Document) -> tuple[Record, ...]:
    """The document's mentions in text order, each with the relations that it heads."""
    mentions, text = document.mentions, document.text
    spans = [Span.of(text, mention.start, mention.end) for mention in mentions]
    return tuple(
        Record(
            mention.type,
            spans[index],
            tuple(
                Asoc(r.type, spans[r.tail])
                for r in document.relations or ()
                if r.head == index and r.type != NONE
            ),
        )
        for index, mention in sorted(enumerate(mentions), key=lambda pair: pair[1].start)
    )


def triggers(
    document: Document,
    ontology: Ontology,
    generator: random.Random,
    *,
    picture: ExamplePicture | None = None,
) -> Example:
    """The events' triggers."""
    events = document.events or ()
    names = [t.name for t in ontology.events]
    labels = _listed(names, events, generator, len(names))
    records = tuple(
        Record(event.type, Span.of(document.text, event.start, event.end))
        for event in events
        if event.type in labels
    )
    return Example(
        document.text, instruction.EVENTS, form.TRIGGERS, records, tuple(labels), picture=picture
    )


def arguments(
    document: Document,
    event: Event,
    ontology: Ontology,
    generator: random.Random,
    *,
    picture: ExamplePicture | None = None,
) -> Example:
    """One event's arguments; its trigger is named in the instruction."""
    text = document.text
    roles = _shuffled(list(ontology.event(event.type).roles), generator)
    asocs = tuple(Asoc(a.role, Span.of(text, a.start, a.end)) for a in event.arguments)
    return Example(
        text,
        instruction.arguments(text[event.start : event.end]),
        form.ARGUMENTS,
        (Record(event.type, None, asocs),),
        (event.type,),
        tuple(roles),
        head=(event.start, event.end),
        picture=picture,
    )


def none_pairs(
    document: Document, ontology: Ontology, most: int, generator: random.Random
) -> list[Relation]:
    """Ordered pairs of a fully annotated document that stand in no relation, at most `most`.

    Only pairs whose types some relation admits: others are never prompted, and would teach the
    model to decide by types alone.
    """
    mentions = document.entities or ()
    related = {(r.head, r.tail) for r in document.relations or ()}
    free = [
        Relation(NONE, head, tail)
        for head, tail in permutations(range(len(mentions)), 2)
        if (head, tail) not in related
        and any(r.admits(mentions[head].type, mentions[tail].type) for r in ontology.relations)
    ]
    return generator.sample(free, min(most, len(free)))


def _listed(
    names: Sequence[str],
    said: Sequence[Mention] | Sequence[Event],
    generator: random.Random,
    most: int,
) -> list[str]:
    present = {item.type for item in said}
    if len(names) > most:
        absent = [name for name in names if name not in present]
        count = generator.randint(min(4, len(absent)), len(absent))
        names = [*(n for n in names if n in present), *generator.sample(absent, count)]
    if len(names) > 1 and generator.random() < _DROPPED:
        names = generator.sample(list(names), generator.randint(1, len(names) - 1))
    return _shuffled(names, generator)


def _relation_options(
    labels: AbstractSet[str],
    kinds: tuple[str, str],
    ontology: Ontology,
    generator: random.Random,
) -> list[str]:
    """All relations, or as at inference those that the types admit; `labels` are among them."""
    names = [t.name for t in ontology.relations]
    if generator.random() < _ADMITTED:
        alike = [t.name for t in ontology.relations if t.admits(*kinds)]
        names = [*alike, *sorted(labels - {*alike, NONE})]
    return _shuffled([*names, NONE], generator)


def _types_of(
    document: Document, relation: Relation, ontology: Ontology, generator: random.Random
) -> tuple[str, str]:
    """The types of head and tail; unknown ones are drawn among those that the relation admits."""
    head, tail = document.mentions[relation.head].type, document.mentions[relation.tail].type
    if head and tail:
        return head, tail
    kinds = sorted(
        {(t.head, t.tail) for t in ontology.relations if relation.type in (t.name, NONE)}
    )
    heads, tails = generator.choice(kinds)
    return generator.choice(heads or ("",)), generator.choice(tails or ("",))


def _shuffled(names: Sequence[str], generator: random.Random) -> list[str]:
    return generator.sample(list(names), len(names))


def _word(label: str, generator: random.Random) -> str:
    others = _OTHER_WORDS.get(label)
    if others is None or generator.random() >= _PARAPHRASED:
        return label
    return generator.choice(others)
