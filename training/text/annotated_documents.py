"""Training examples of annotated documents of the user."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.document import Document
from tasks.ontology import Ontology
from training.corpora import read_corpus
from training.corpora.ndjson import read_ndjson
from training.leakage import drop_leaks
from training.text import examples_of as make
from training.text.example import Example
from training.text.mixture import REPORTED

_NONE_PAIRS = 2


@dataclass(frozen=True)
class AnnotatedDocuments:
    """Documents annotated with one ontology; each is used once per epoch."""

    documents: Sequence[Document]
    ontology: Ontology

    def epoch(self, generator: random.Random) -> Iterator[Example]:
        """The examples of all documents, document by document."""
        for document in self.documents:
            yield from self._of(document, generator)

    def _of(self, document: Document, generator: random.Random) -> Iterator[Example]:
        ontology = self.ontology
        if document.entities is not None and ontology.entities:
            yield make.entities(document, ontology, generator)
        if document.relations is not None and ontology.relations:
            yield make.joint(document, ontology, generator)
            none = make.none_pairs(document, ontology, _NONE_PAIRS, generator)
            yield from make.pairs(document, (*document.relations, *none), ontology, generator)
        if document.events is not None and ontology.events:
            yield make.triggers(document, ontology, generator)
            for event in document.events:
                if ontology.event(event.type).roles:
                    yield make.arguments(document, event, ontology, generator)


def read_annotated(
    name: str, path: Path, ontology: Ontology, data: Path | None
) -> AnnotatedDocuments:
    """Read the documents of the file at `path` as a corpus `name`.

    Documents that occur in a reported test split under `data` are left out.

    Raises:
        DataError: if the file is missing or malformed.
    """
    documents = read_ndjson(path, ontology, name)
    if data is not None:
        reported = [d for corpus in REPORTED for d in read_corpus(corpus, data, "test")]
        documents = drop_leaks(documents, reported)
    return AnnotatedDocuments(documents, ontology)
