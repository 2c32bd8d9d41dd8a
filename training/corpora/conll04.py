"""Reader of CoNLL04: entities and their relations, one token per line.

Columns: index, token, BIO tag, list of relations, list of tails. A relation is in the line of
its head's last token and points to the last token of its tail. Sources: Roth and Yih (2004), split
after Gupta et al. (2016), layout after Bekoulis et al. (2018).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from tasks.document import Document, Mention, Relation
from tasks.errors import DataError
from tasks.ontology import load
from training.corpora.bio import chunks
from training.corpora.files import lines_of
from training.corpora.joined import Joined

CORPUS = ONTOLOGY = "conll04"
_BEGIN, _COLUMNS, _UNRELATED = "#doc", 5, "N"


def read(folder: Path, split: str) -> list[Document]:
    """The sentences of a split; raises `DataError` with file and line."""
    path = folder / f"{split}.txt"
    documents = []
    for number, rows in _sentences(path):
        try:
            documents.append(_document(rows, split))
        except (ValueError, SyntaxError, KeyError, TypeError) as error:
            raise DataError(f"{path}:{number}: {type(error).__name__}: {error}") from error
    return documents


def _sentences(path: Path) -> Iterator[tuple[int, list[list[str]]]]:
    rows: list[list[str]] = []
    begin = 0
    for number, line in [*lines_of(path), (0, _BEGIN)]:
        if line.startswith(_BEGIN):
            if rows:
                yield begin, rows
            begin, rows = number, []
        elif line:
            columns = line.split("\t")
            if len(columns) != _COLUMNS:
                raise DataError(f"{path}:{number}: {len(columns)} columns instead of {_COLUMNS}")
            rows.append(columns)


def _document(rows: Sequence[Sequence[str]], split: str) -> Document:
    ontology = load(ONTOLOGY)
    joined = Joined.of([row[1] for row in rows])
    found = chunks([row[2] for row in rows])
    ending = {chunk.stop - 1: k for k, chunk in enumerate(found)}
    relations = [
        Relation(ontology.relation_of[code], ending[place], ending[tail])
        for place, row in enumerate(rows)
        for code, tail in zip(ast.literal_eval(row[3]), ast.literal_eval(row[4]), strict=True)
        if code != _UNRELATED
    ]
    return Document(
        text=joined.text,
        corpus=CORPUS,
        split=split,
        ontology=ONTOLOGY,
        entities=tuple(
            Mention(*joined.span(c.first, c.stop), ontology.entity_of[c.type]) for c in found
        ),
        relations=tuple(dict.fromkeys(relations)),
    )
