"""Reader of M2E2's sentences with events. Source: Li et al. (2020).

Published systems train on ACE 2005 and test on M2E2. Here the sentences of `text_only_event.json`
are the training split, without documents and sentences of `text_multimedia_event.json`, the test
split. So the scores are not comparable with published ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.document import Argument, Document, Event
from tasks.errors import DataError
from tasks.ontology import Ontology, load
from training.corpora.files import json_of
from training.corpora.joined import Joined
from training.corpora.labels import argument_word

CORPUS = ONTOLOGY = "m2e2"
_TRAIN, _TEST = "text_only_event.json", "text_multimedia_event.json"


def read(folder: Path, split: str) -> list[Document]:
    """All sentences of a split, including those without events.

    Entities are not read, because M2E2 has other entity types than the other corpora. Pictures are
    not read, because a sentence has several.

    Raises:
        DataError: if a file is missing or malformed, with file and position.
    """
    reported = _sentences(folder / _TEST)
    if split == "test":
        return _documents(folder / _TEST, reported, split)
    known = {_document_id(row) for row in reported} | {row["sentence_id"] for row in reported}
    rows = [
        row
        for row in _sentences(folder / _TRAIN)
        if _document_id(row) not in known and row["sentence_id"] not in known
    ]
    return _documents(folder / _TRAIN, rows, split)


def _sentences(path: Path) -> list[dict[str, Any]]:
    rows = json_of(path)
    if not isinstance(rows, list):
        raise DataError(f"{path}: not a list of sentences")
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or not isinstance(row.get("sentence_id"), str):
            raise DataError(f"{path}: sentence {number} has no sentence_id")
    return rows


def _document_id(row: Mapping[str, Any]) -> str:
    return str(row["sentence_id"]).rpartition("_")[0]


def _documents(path: Path, rows: Sequence[Mapping[str, Any]], split: str) -> list[Document]:
    ontology = load(ONTOLOGY)
    documents = []
    for row in rows:
        try:
            documents.append(_document(row, ontology, split))
        except (ValueError, KeyError, TypeError) as error:
            place = f"{path}: {row['sentence_id']}"
            raise DataError(f"{place}: {type(error).__name__}: {error}") from error
    return documents


def _document(row: Mapping[str, Any], ontology: Ontology, split: str) -> Document:
    joined = Joined.of(row["words"])
    return Document(
        text=joined.text,
        corpus=CORPUS,
        split=split,
        ontology=ONTOLOGY,
        events=tuple(_event(e, joined, ontology) for e in row["golden-event-mentions"]),
    )


def _event(row: Mapping[str, Any], joined: Joined, ontology: Ontology) -> Event:
    event = ontology.event(ontology.event_of[row["event_type"]])
    trigger = row["trigger"]
    return Event(
        event.name,
        *joined.span(trigger["start"], trigger["end"]),
        tuple(
            Argument(argument_word(a["role"], event), *joined.span(a["start"], a["end"]))
            for a in row["arguments"]
        ),
    )
