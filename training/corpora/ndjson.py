"""Reader of user annotations: one JSON object per line, with labels of a custom ontology.

    {"text": "Ada Byron joined ACME", "image": "12.jpg",
     "entities": [{"start": 0, "end": 9, "type": "person"},
                  {"start": 17, "end": 21, "type": "company"}],
     "relations": [{"head": 0, "tail": 1, "type": "member of"}],
     "events": [{"start": 10, "end": 16, "type": "hiring",
                 "arguments": [{"start": 17, "end": 21, "role": "employer"}]}]}

Offsets are half-open and count code points; `head` and `tail` count entities from 0; types are the
ontology's names or codes. Only `text` is required. A missing list means that the text is not
annotated for it, an empty list that the text has no such item; relations require entities. `image`
is the picture's file name, which identifies documents of reported test splits.
"""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from tasks.document import Argument, Document, Event, Mention, Relation
from tasks.errors import DataError, UnknownOntology
from tasks.ontology import Ontology, parse
from training.corpora.files import lines_of, text_of


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Span(_Strict):
    start: NonNegativeInt
    end: NonNegativeInt


class _Entity(_Span):
    type: str


class _Relation(_Strict):
    head: NonNegativeInt
    tail: NonNegativeInt
    type: str


class _Argument(_Span):
    role: str


class _Event(_Span):
    type: str
    arguments: list[_Argument] = []


class _Row(_Strict):
    text: str
    image: str | None = None
    entities: list[_Entity] | None = None
    relations: list[_Relation] | None = None
    events: list[_Event] | None = None


def read_ndjson(path: Path, ontology: Ontology, corpus: str) -> list[Document]:
    """Read the documents of a file for training; raises `DataError` with file and line."""
    documents = []
    try:
        for number, line in lines_of(path):
            if line.strip():
                documents.append(_read(line, ontology, corpus, f"{path}:{number}"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    return documents


def read_ontology(path: Path) -> Ontology:
    """Read an ontology in the format of `tasks/ontologies`; raises `DataError`."""
    try:
        return parse(yaml.safe_load(text_of(path)))
    except (OSError, yaml.YAMLError, UnknownOntology) as error:
        raise DataError(f"{path}: {' '.join(str(error).split())}") from error
    except (KeyError, TypeError, AttributeError, AssertionError) as error:
        raise DataError(f"{path} is not laid out as an ontology: {error!r}") from error


def _read(line: str, ontology: Ontology, corpus: str, place: str) -> Document:
    try:
        row = _Row.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        at = ".".join(map(str, first["loc"]))
        raise DataError(f"{place}: {at + ': ' if at else ''}{first['msg']}") from error
    try:
        return _document(row, ontology, corpus)
    except ValueError as error:
        raise DataError(f"{place}: {error}") from error


def _document(row: _Row, ontology: Ontology, corpus: str) -> Document:
    return Document(
        text=row.text,
        corpus=corpus,
        split="train",
        ontology=ontology.name,
        image=row.image,
        entities=_entities(row, ontology),
        relations=_relations(row, ontology),
        events=_events(row, ontology),
    )


def _entities(row: _Row, ontology: Ontology) -> tuple[Mention, ...] | None:
    if row.entities is None:
        return None
    return tuple(
        Mention(*_span(e, row.text), _word(e.type, ontology.entity_of, "entity type"))
        for e in row.entities
    )


def _relations(row: _Row, ontology: Ontology) -> tuple[Relation, ...] | None:
    if row.relations is None:
        return None
    if row.entities is None:
        raise ValueError("relations without entities")
    for relation in row.relations:
        if relation.head == relation.tail or max(relation.head, relation.tail) >= len(row.entities):
            raise ValueError(
                f"a relation from entity {relation.head} to entity {relation.tail}; "
                f"there are {len(row.entities)}"
            )
    return tuple(
        Relation(_word(r.type, ontology.relation_of, "relation"), r.head, r.tail)
        for r in row.relations
    )


def _events(row: _Row, ontology: Ontology) -> tuple[Event, ...] | None:
    if row.events is None:
        return None
    events = []
    for event in row.events:
        kind = ontology.event(_word(event.type, ontology.event_of, "event type"))
        roles = {role: role for role in kind.roles}
        arguments = tuple(
            Argument(_word(a.role, roles, f"role of {kind.name}"), *_span(a, row.text))
            for a in event.arguments
        )
        events.append(Event(kind.name, *_span(event, row.text), arguments))
    return tuple(events)


def _word(label: str, words: dict[str, str], kind: str) -> str:
    if label not in words:
        raise ValueError(f"the ontology has no {kind} {label!r}")
    return words[label]


def _span(span: _Span, text: str) -> tuple[int, int]:
    piece = text[span.start : span.end]
    if not piece or span.end > len(text):
        raise ValueError(f"{span.start} to {span.end} is no span of {len(text)} characters")
    if piece != piece.strip():
        raise ValueError(f"the span {piece!r} begins or ends with white space")
    return span.start, span.end
