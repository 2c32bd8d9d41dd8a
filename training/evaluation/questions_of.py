"""Documents to questions in the form of inference: every label listed, in the inventory's order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from tasks import form, instruction
from tasks.document import Document, Event
from tasks.ontology import NONE, Ontology
from tasks.records import Asoc, Record, Span
from training.evaluation.question import Question
from training.flickr8k import Photo, image_path
from training.text.captions import put_names, single_people
from training.text.example import Example
from training.text.examples_of import joint_records
from training.text.names import NamePool


def entity_questions(
    document: Document, ontology: Ontology, picture: Path | None = None
) -> Iterator[Question]:
    """All entities of the document, grounded if there is a picture."""
    mentions = document.entities or ()
    records = tuple(Record(m.type, Span.of(document.text, m.start, m.end)) for m in mentions)
    example = Example(
        document.text,
        instruction.ENTITIES,
        form.ENTITIES if picture is None else form.GROUNDED,
        records,
        tuple(t.name for t in ontology.entities),
        () if picture is None else (form.REGION_ROLE,),
    )
    yield Question(example, document.text, tuple(m.boxes for m in mentions), picture)


def pair_questions(
    document: Document, ontology: Ontology, picture: Path | None = None
) -> Iterator[Question]:
    """The relation of each given pair, with all relations and "none" listed."""
    text = document.text
    labels = (*(t.name for t in ontology.relations), NONE)
    for relation in document.relations or ():
        head, tail = document.mentions[relation.head], document.mentions[relation.tail]
        span = Span.of(text, tail.start, tail.end)
        example = Example(
            text,
            instruction.relation(text[head.start : head.end], span.text),
            form.PAIR,
            (Record(None, Span.of(text, head.start, head.end), (Asoc(relation.type, span),)),),
            asocs=labels,
            head=(head.start, head.end),
            tail=(tail.start, tail.end),
        )
        yield Question(example, text, picture=picture)


def joint_questions(document: Document, ontology: Ontology) -> Iterator[Question]:
    """All entities with the relations that they head."""
    spots = tuple(t.name for t in ontology.entities)
    asocs = tuple(t.name for t in ontology.relations)
    records = joint_records(document)
    example = Example(document.text, instruction.ENTITIES, form.JOINT, records, spots, asocs)
    yield Question(example, document.text)


def trigger_questions(document: Document, ontology: Ontology) -> Iterator[Question]:
    """All event triggers of the document, each with its arguments.

    The question requests triggers; the arguments are for end-to-end prediction.
    """
    text = document.text
    records = tuple(
        Record(event.type, Span.of(text, event.start, event.end), _arguments(text, event))
        for event in document.events or ()
    )
    spots = tuple(t.name for t in ontology.events)
    yield Question(Example(text, instruction.EVENTS, form.TRIGGERS, records, spots), text)


def argument_questions(document: Document, ontology: Ontology) -> Iterator[Question]:
    """The arguments of each event with given trigger and type."""
    text = document.text
    for event in document.events or ():
        example = Example(
            text,
            instruction.arguments(text[event.start : event.end]),
            form.ARGUMENTS,
            (Record(event.type, None, _arguments(text, event)),),
            (event.type,),
            ontology.event(event.type).roles,
            head=(event.start, event.end),
        )
        yield Question(example, text)


def named_caption(
    photo: Photo, folder: Path, names: NamePool, ontology: Ontology, generator: random.Random
) -> Question | None:
    """A caption whose people have names, with their boxes; None if no caption has any.

    `folder` is the folder of the photos. Records have no regions: gold boxes are not proposals.
    """
    for caption in photo.captions:
        people = single_people(photo, caption)
        if not people:
            continue
        text, spans = put_names(caption.text, [p for p, _ in people], names, generator)
        records = tuple(Record("person", Span.of(text, *span)) for span in spans)
        example = Example(
            text,
            instruction.ENTITIES,
            form.GROUNDED,
            records,
            tuple(t.name for t in ontology.entities),
            (form.REGION_ROLE,),
        )
        boxes = tuple((box,) for _, box in people)
        return Question(example, photo.image, boxes, image_path(folder, photo))
    return None


def _arguments(text: str, event: Event) -> tuple[Asoc, ...]:
    return tuple(Asoc(a.role, Span.of(text, a.start, a.end)) for a in event.arguments)
