"""Documents to questions in the form of inference: every label listed, in the inventory's order."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tasks import form, instruction
from tasks.document import Box, Document
from tasks.ontology import NONE, Ontology
from tasks.records import Asoc, Record, Span
from training.flickr8k import Photo
from training.text.captions import put_names, single_people
from training.text.exercise import Exercise
from training.text.exercises_of import joint_records
from training.text.names import NamePool


def entity_exam(document: Document, ontology: Ontology) -> Iterator[Exercise]:
    """All entities of the document."""
    records = tuple(
        Record(m.type, Span.of(document.text, m.start, m.end)) for m in document.entities or ()
    )
    spots = tuple(t.name for t in ontology.entities)
    yield Exercise(document.text, instruction.ENTITIES, form.ENTITIES, records, spots)


def pair_exam(document: Document, ontology: Ontology) -> Iterator[Exercise]:
    """The relation of each given pair, all relations and "none" listed."""
    text = document.text
    labels = (*(t.name for t in ontology.relations), NONE)
    for relation in document.relations or ():
        head, tail = document.mentions[relation.head], document.mentions[relation.tail]
        span = Span.of(text, tail.start, tail.end)
        yield Exercise(
            text,
            instruction.relation(text[head.start : head.end], span.text),
            form.PAIR,
            (Record(None, None, (Asoc(relation.type, span),)),),
            asocs=labels,
            head=(head.start, head.end),
            tail=(tail.start, tail.end),
        )


def joint_exam(document: Document, ontology: Ontology) -> Iterator[Exercise]:
    """All entities with the relations that they head."""
    spots = tuple(t.name for t in ontology.entities)
    asocs = tuple(t.name for t in ontology.relations)
    records = joint_records(document)
    yield Exercise(document.text, instruction.ENTITIES, form.JOINT, records, spots, asocs)


def trigger_exam(document: Document, ontology: Ontology) -> Iterator[Exercise]:
    """All event triggers of the document."""
    records = tuple(
        Record(e.type, Span.of(document.text, e.start, e.end)) for e in document.events or ()
    )
    spots = tuple(t.name for t in ontology.events)
    yield Exercise(document.text, instruction.EVENTS, form.TRIGGERS, records, spots)


def argument_exam(document: Document, ontology: Ontology) -> Iterator[Exercise]:
    """The arguments of each event, its trigger and type given."""
    text = document.text
    for event in document.events or ():
        asocs = tuple(Asoc(a.role, Span.of(text, a.start, a.end)) for a in event.arguments)
        yield Exercise(
            text,
            instruction.arguments(text[event.start : event.end]),
            form.ARGUMENTS,
            (Record(event.type, None, asocs),),
            (event.type,),
            ontology.event(event.type).roles,
        )


def named_caption(
    photo: Photo, names: NamePool, ontology: Ontology, generator: random.Random
) -> tuple[Exercise, tuple[Box, ...]] | None:
    """A caption whose people have names, and the box of each; None where no caption has any.

    The exercise's form is grounded; its records carry no regions: gold boxes are no proposals.
    """
    for caption in photo.captions:
        people = single_people(photo, caption)
        if not people:
            continue
        text, spans = put_names(caption.text, [p for p, _ in people], names, generator)
        records = tuple(Record("person", Span.of(text, *span)) for span in spans)
        exercise = Exercise(
            text,
            instruction.ENTITIES,
            form.GROUNDED,
            records,
            tuple(t.name for t in ontology.entities),
            (form.REGION_ROLE,),
        )
        return exercise, tuple(box for _, box in people)
    return None
