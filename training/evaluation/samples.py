"""Our own sentences with complete annotations, which may be published."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml

from tasks.document import Argument, Document, Event, Mention, Relation

CORPUS, ONTOLOGY = "samples", "news"


def read_samples() -> list[Document]:
    """Read the sentences of `samples.yaml`, in file order."""
    text = files("training.evaluation").joinpath("samples.yaml").read_text(encoding="utf-8")
    return [_document(row) for row in yaml.safe_load(text)]


def _document(row: Mapping[str, Any]) -> Document:
    text, entities = row["text"], row.get("entities", ())
    names = [name for name, _ in entities]
    return Document(
        text=text,
        corpus=CORPUS,
        split="test",
        ontology=ONTOLOGY,
        entities=tuple(
            Mention(*_place(text, name, names[:k].count(name)), kind)
            for k, (name, kind) in enumerate(entities)
        ),
        relations=tuple(
            Relation(label, names.index(head), names.index(tail))
            for head, label, tail in row.get("relations", ())
        ),
        events=tuple(_event(text, event) for event in row.get("events", ())),
    )


def _event(text: str, row: Mapping[str, Any]) -> Event:
    arguments = row.get("arguments", {}).items()
    return Event(
        row["type"],
        *_place(text, row["trigger"]),
        tuple(Argument(role, *_place(text, filler)) for role, filler in arguments),
    )


def _place(text: str, part: str, before: int = 0) -> tuple[int, int]:
    """The offset of `part` after skipping `before` occurrences; ValueError if there is none."""
    start = text.index(part)
    for _ in range(before):
        start = text.index(part, start + 1)
    return start, start + len(part)
