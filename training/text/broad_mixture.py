"""The text mixture of the standard preset: many labels, long answers, and every form."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.document import Document, Relation
from tasks.ontology import NONE, Ontology, load
from training.corpora import read_corpus
from training.corpora.open_sets import OPEN_SETS, read_open
from training.corpora.records import OpenRecord
from training.leakage import drop_leaks
from training.text import examples_of as make
from training.text import open_examples as opened
from training.text.example import Example
from training.text.joining import grouped, joined, joined_related, unrelated_across
from training.text.mixture import REPORTED
from training.text.shares import Shares

_SYMMETRIC = ("couple", "spouse", "sibling", "peer", "neighbor", "alternate", "relative", "alike")
_NONE_KEPT, _EVENTLESS_KEPT = 0.6, 0.15
_JOINT_ROUNDS, _LISTED_ROUNDS = 3, 1
_NONE_PAIRS = 5
_REVERSED = 0.35
_CHOICES = 0.08
_MOST_CHARS = 600


@dataclass(frozen=True)
class BroadMixture:
    """Documents by corpus and records by open set, without pictures."""

    documents: dict[str, list[Document]]
    records: dict[str, list[OpenRecord]]
    shares: Shares

    def epoch(self, generator: random.Random) -> Iterator[Example]:
        """Every example of one epoch, corpus by corpus."""
        for corpus, documents in self.documents.items():
            drawn = _drawn(documents, self.shares.corpora[corpus], generator)
            ontology = load(documents[0].ontology)
            yield from self._of_corpus(drawn, ontology, generator)
        for name, records in self.records.items():
            size = min(self.shares.open[name], 3 * len(records))
            for record in generator.choices(records, k=size):
                yield from opened.examples_of(record, generator)

    def _of_corpus(
        self, documents: list[Document], ontology: Ontology, generator: random.Random
    ) -> Iterator[Example]:
        first = documents[0]
        if first.entities is not None and first.relations is None:
            for group in grouped(documents, generator):
                document = joined(group, generator)
                yield opened.entities(document, ontology, generator)
                if generator.random() < _CHOICES:
                    yield from opened.choices(document, ontology, generator, most=2)
        if first.entities is not None and first.relations is not None:
            for group in grouped(documents, generator):
                yield from self._related(group, ontology, generator)
        if first.entities is None and first.relations is not None:
            for group in grouped(documents, generator):
                yield from self._pairs(group, ontology, generator)
        if first.events is not None:
            for document in documents:
                yield from self._events(document, ontology, generator)

    def _related(
        self, group: list[Document], ontology: Ontology, generator: random.Random
    ) -> Iterator[Example]:
        document = joined_related(group, generator)
        for _ in range(_JOINT_ROUNDS):
            yield make.joint(document, ontology, generator)
        for _ in range(_LISTED_ROUNDS):
            yield opened.entities(document, ontology, generator)
        none = make.none_pairs(document, ontology, _NONE_PAIRS * len(group), generator)
        related = list(document.relations or ())
        turned = [_reversed(r) for r in related if generator.random() < _REVERSED]
        yield from opened.pairs(document, (*related, *none, *turned), ontology, generator)

    def _pairs(
        self, group: list[Document], ontology: Ontology, generator: random.Random
    ) -> Iterator[Example]:
        document = joined_related(group, generator)
        across = unrelated_across(group, len(group) - 1, generator)
        asked: list[Relation] = []
        for relation in (*(document.relations or ()), *across):
            if relation.type == NONE and generator.random() >= _NONE_KEPT:
                continue
            asked.append(relation)
            if directed(relation.type) and generator.random() < _REVERSED:
                asked.append(_reversed(relation))
        yield from opened.pairs(document, asked, ontology, generator)

    def _events(
        self, document: Document, ontology: Ontology, generator: random.Random
    ) -> Iterator[Example]:
        if not document.events and generator.random() >= _EVENTLESS_KEPT:
            return
        yield make.triggers(document, ontology, generator)
        for event in document.events or ():
            if ontology.event(event.type).roles:
                yield make.arguments(document, event, ontology, generator)


def build(data: Path, shares: Shares, report: Callable[[str], None]) -> BroadMixture:
    """Read all corpora under `data` without leaks; `report` receives lines with counts."""
    reported = [d for name in REPORTED for d in read_corpus(name, data, "test")]
    documents: dict[str, list[Document]] = {}
    for name in shares.corpora:
        kept = drop_leaks(read_corpus(name, data, "train"), reported)
        documents[name] = [d for d in kept if len(d.text) <= _MOST_CHARS]
        report(f"{name}: {len(documents[name])} documents")
    records: dict[str, list[OpenRecord]] = {}
    for name in OPEN_SETS:
        found = list(read_open(name, data / "open"))
        clean = {id(d) for d in drop_leaks([r.document for r in found], reported)}
        records[name] = [r for r in found if id(r.document) in clean]
        report(f"{name}: {len(records[name])} records")
    return BroadMixture(documents, records, shares)


def directed(relation: str) -> bool:
    """Whether a relation has another meaning when head and tail are swapped."""
    return relation != NONE and not any(word in relation for word in _SYMMETRIC)


def _reversed(relation: Relation) -> Relation:
    """The pair with head and tail swapped, which has none of the listed relations."""
    return Relation(NONE, relation.tail, relation.head)


def _drawn(documents: Sequence[Document], share: float, generator: random.Random) -> list[Document]:
    """`times` repetitions of all documents, a fraction as a random sample; at least one."""
    whole = int(share)
    rest = generator.sample(documents, round((share - whole) * len(documents)))
    return [*documents] * whole + rest or [*documents[:1]]
