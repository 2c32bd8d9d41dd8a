"""The training mixture of the compact preset."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tasks.document import Document
from tasks.ontology import NONE, Ontology, load
from training.corpora import read_corpus
from training.corpora.mnre import group_pairs
from training.flickr8k import Photo, read_photos
from training.leakage import drop_leaks
from training.text import examples_of as make
from training.text.captions import CaptionWriter
from training.text.example import Example, ExamplePicture
from training.text.names import NamePool, name_pool
from training.text.portraits import Portrait, portrait_example, read_portraits
from training.text.visual_features import VisualFeatureStore

TEXT_CORPORA = (
    "twitter2015",
    "twitter2017",
    "gmner",
    "fmnerg51",
    "fmnerg8",
    "broad_twitter",
    "tweebank",
    "conll2003",
    "mnre",
    "conll04",
    "casie",
    "m2e2",
    "crossner_ai",
    "crossner_literature",
    "crossner_science",
)
REPORTED = (
    "twitter2015",
    "twitter2017",
    "gmner",
    "mnre",
    "conll04",
    "casie",
    "m2e2",
    "crossner_music",
    "crossner_politics",
)
"""Corpora whose test splits are reported; their documents are removed from training data."""

_SHARE = {
    "twitter2017": 2,
    "broad_twitter": 0.3,
    "tweebank": 0.5,
    "conll2003": 0.2,
    "fmnerg8": 0.3,
    "casie": 0.3,
    "crossner_ai": 4,
    "crossner_literature": 4,
    "crossner_science": 4,
}
"""Repetitions of a document per epoch, by corpus, default 1; small corpora are repeated."""

_JOINT_ROUNDS, _LISTED_ROUNDS = 8, 3
_JOINT_PAIRS = 0.2
_NONE_KEPT, _EVENTLESS_KEPT = 0.6, 0.2
_NONE_PAIRS = 6
_DISTRACTED, _DISTRACTED_OTHERS, _SWAPPED = 0.25, 0.1, 0.15
_NO_PERSON = 0.15
_PHOTOS = 0.5
_PORTRAIT_ROUNDS = 2
_PEOPLE = 0


@dataclass(frozen=True)
class Mixture:
    """The training documents, photos and portraits, from which an epoch is sampled."""

    documents: dict[str, list[Document]]
    pair_groups: list[Document]
    photos: list[Photo]
    portraits: list[Portrait]
    store: VisualFeatureStore
    names: NamePool
    writer: CaptionWriter
    peopleless: list[str]

    def epoch(self, generator: random.Random) -> Iterator[Example]:
        """Every example of one epoch, in no particular order."""
        for corpus, documents in self.documents.items():
            share = _SHARE.get(corpus, 1.0)
            for document in documents:
                for _ in range(_times(share, generator)):
                    yield from self._of(document, load(document.ontology), generator)
        for group in self.pair_groups:
            if generator.random() < _JOINT_PAIRS:
                yield make.joint(group, load(group.ontology), generator)
        for photo in self.photos:
            if generator.random() >= _PHOTOS:
                continue
            named = self.writer.named(photo, generator)
            if named is not None:
                swapped = generator.random() < _SWAPPED
                yield self._elsewhere(named, generator) if swapped else named
            if generator.random() < 0.4:
                yield self.writer.phrases(photo, generator)
            if generator.random() < 0.08:
                yield self.writer.nameless(photo, generator)
        labels = [t.name for t in load("twitter4").entities]
        for portrait in self.portraits * _PORTRAIT_ROUNDS:
            example = portrait_example(portrait, self.store, self.names, labels, generator)
            if example is not None:
                yield example

    def _of(
        self, document: Document, ontology: Ontology, generator: random.Random
    ) -> Iterator[Example]:
        if document.entities is not None and document.relations is None:
            yield self._entities(document, ontology, generator)
        if document.entities is not None and document.relations is not None:
            for _ in range(_JOINT_ROUNDS):
                yield make.joint(document, ontology, generator)
            for _ in range(_times(_LISTED_ROUNDS, generator)):
                yield make.entities(document, ontology, generator)
            none = make.none_pairs(document, ontology, _NONE_PAIRS, generator)
            yield from make.pairs(document, (*document.relations, *none), ontology, generator)
        if document.entities is None and document.relations is not None:
            for relation in document.relations:
                if relation.type != NONE or generator.random() < _NONE_KEPT:
                    picture = self._distractor(_DISTRACTED_OTHERS, generator)
                    yield from make.pairs(
                        document, [relation], ontology, generator, picture=picture
                    )
        if document.events is not None:
            yield from self._events(document, ontology, generator)

    def _entities(
        self, document: Document, ontology: Ontology, generator: random.Random
    ) -> Example:
        picture = self._distractor(_DISTRACTED, generator)
        return make.entities(document, ontology, generator, picture=picture)

    def _events(
        self, document: Document, ontology: Ontology, generator: random.Random
    ) -> Iterator[Example]:
        if not document.events and generator.random() >= _EVENTLESS_KEPT:
            return
        picture = self._distractor(_DISTRACTED_OTHERS, generator)
        yield make.triggers(document, ontology, generator, picture=picture)
        for event in document.events or ():
            if ontology.event(event.type).roles:
                picture = self._distractor(_DISTRACTED_OTHERS, generator)
                yield make.arguments(document, event, ontology, generator, picture=picture)

    def _elsewhere(self, example: Example, generator: random.Random) -> Example:
        """A caption with another photo, which does not show its content."""
        picture = replace(self.store.picture(generator.choice(self.photos).image), matched=False)
        records = tuple(replace(record, asocs=()) for record in example.records)
        return replace(example, picture=picture, records=records, alike={})

    def _distractor(self, share: float, generator: random.Random) -> ExamplePicture | None:
        """An unrelated picture, for a share of the examples."""
        if not self.peopleless or generator.random() >= share:
            return None
        return replace(self.store.picture(generator.choice(self.peopleless)), matched=False)


def _times(share: float, generator: random.Random) -> int:
    whole = int(share)
    return whole + (generator.random() < share - whole)


def build_mixture(data: Path, store: VisualFeatureStore, report: Callable[[str], None]) -> Mixture:
    """Read all corpora under `data` without leaks; `report` is called with the counts."""
    reported = [d for name in REPORTED for d in read_corpus(name, data, "test")]
    documents: dict[str, list[Document]] = {}
    for name in TEXT_CORPORA:
        read = read_corpus(name, data, "train")
        documents[name] = _short(drop_leaks(read, reported))
        report(f"{name}: {len(read)} read, {len(documents[name])} kept")
    photos = [p for p in read_photos(data / "flickr8k", "train") if p.image in store.rows]
    portraits = [p for p in read_portraits(data / "congress") if p.image in store.rows]
    names = name_pool(
        held_out=False,
        organizations=mentions_of(documents, "organization"),
        locations=mentions_of(documents, "location"),
    )
    types = [t.name for t in load("twitter4").entities]
    regions = [t.name for t in load("flickr30k").entities]
    report(f"flickr8k: {len(photos)} photos, congress: {len(portraits)} portraits")
    return Mixture(
        documents=documents,
        pair_groups=[g for g in group_pairs(documents["mnre"]) if _related(g)],
        photos=photos,
        portraits=portraits,
        store=store,
        names=names,
        writer=CaptionWriter(store, names, types, regions),
        peopleless=[p.image for p in photos if _peopleless(store, p.image)],
    )


def _related(document: Document) -> bool:
    return any(relation.type != NONE for relation in document.relations or ())


def _peopleless(store: VisualFeatureStore, image: str) -> bool:
    best = store.best_of(image, _PEOPLE)
    return best is None or best[1] < _NO_PERSON


def _short(documents: list[Document], most_chars: int = 600) -> list[Document]:
    """Documents short enough for one prompt; a few news sentences are long tables."""
    return [d for d in documents if len(d.text) <= most_chars]


def mentions_of(documents: dict[str, list[Document]], kind: str) -> set[str]:
    """Short mentions of one coarse type that look like names."""
    found: set[str] = set()
    for corpus in ("twitter2015", "twitter2017", "conll2003", "conll04"):
        for document in documents.get(corpus, ()):
            for mention in document.entities or ():
                text = document.text[mention.start : mention.end]
                if mention.type == kind and 3 <= len(text) <= 30 and text[0].isupper():
                    found.add(text)
    return found
