"""The parts of an evaluation: corpora, and evaluation tasks beyond them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.document import Document
from tasks.errors import DataError
from tasks.ontology import load
from training.corpora import CORPORA, read_corpus
from training.corpora.m2e2_pictures import read_links, read_pictures, sentence_ids
from training.evaluation import datasets, robustness
from training.evaluation.calibration import Reliability
from training.evaluation.compat import compat_rows
from training.evaluation.datasets import PHOTOS, known_types, photo_split
from training.evaluation.evaluator import Evaluator
from training.evaluation.examples import examples_of
from training.evaluation.label_order import LabelOrder
from training.evaluation.m2e2_rule import M2E2Rule
from training.evaluation.media import ask_pictures, media_rows
from training.evaluation.metric import Outcome
from training.evaluation.own_sets import OWN_SETS, OwnSet
from training.evaluation.pictures import Pictures
from training.evaluation.plan import run_task, tasks_of
from training.evaluation.proposals import proposal_rows
from training.evaluation.question import Question
from training.evaluation.row import Row
from training.evaluation.samples import CORPUS as SAMPLES
from training.evaluation.samples import read_samples
from training.evaluation.speed import speed_of
from training.evaluation.variation import ordered
from training.flickr8k import Photo, image_path, read_photos

CORPORA_ASKED = (
    "twitter2015",
    "twitter2017",
    "gmner",
    "fmnerg51",
    "broad_twitter",
    "mnre",
    "conll04",
    "casie",
    "m2e2",
    "crossner_music",
    "crossner_politics",
    PHOTOS,
    SAMPLES,
)
"""The default datasets."""

EVALUATION_TASKS = ("pictures", "wordings", "regions", "speed", "data")

_TEXTS = "twitter2017"
"""The corpus for variations of prompts: the smallest one of posts."""

Part = dict[str, Any]


@dataclass(frozen=True)
class Options:
    """Options of an evaluation.

    limit: documents of each corpus, 0 for all. pictures: of corpora whose pictures are available.
    compat: whether to add the scores of the released UMIE evaluator. free: whether decoding is
    unconstrained.
    """

    split: str = "test"
    limit: int = 0
    order: LabelOrder = LabelOrder.INVENTORY
    rule: M2E2Rule = M2E2Rule.STRICT
    compat: bool = False
    free: bool = False
    pictures: Mapping[str, Pictures] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """The options for JSON, which are stored with results."""
        return {
            "split": self.split,
            "limit": self.limit,
            "label_order": str(self.order),
            "m2e2": str(self.rule),
            "compat": self.compat,
            "decoding": "free" if self.free else "constrained",
            "pictures": sorted(self.pictures),
        }


@dataclass(frozen=True)
class Evaluation:
    """An evaluation of a model on the corpora under `data`."""

    data: Path
    evaluator: Evaluator
    options: Options = field(default_factory=Options)

    def corpus(self, name: str) -> Part:
        """The results of a corpus; raises `DataError` if it cannot be read."""
        started = time.perf_counter()
        part = self._corpus(name)
        return {**part, "seconds": round(time.perf_counter() - started, 1)}

    def task(self, name: str, corpora: Sequence[str] = CORPORA_ASKED) -> Part:
        """Run one of `EVALUATION_TASKS`; `corpora` are those for the table of datasets."""
        runs: Mapping[str, Callable[[], Part]] = {
            "pictures": self._pictures,
            "wordings": self._wordings,
            "regions": self._regions,
            "speed": lambda: speed_of(self.evaluator, self._photo_files()),
            "data": lambda: {"rows": datasets.dataset_rows(self.data, corpora, self.options.split)},
        }
        started = time.perf_counter()
        return {**runs[name](), "seconds": round(time.perf_counter() - started, 1)}

    # Corpora

    def _corpus(self, name: str) -> Part:
        if name in OWN_SETS:
            return self._own(OWN_SETS[name])
        return self._captions() if name == PHOTOS else self._documents(name)

    def _own(self, own: OwnSet) -> Part:
        count, rows = own.run_task(
            self.data, self.evaluator, self.options.split, self.options.limit
        )
        return {"documents": count, "rows": _plain(rows)}

    def _documents(self, name: str) -> Part:
        documents = self._read(name)
        pictures = self.options.pictures.get(name, Pictures.none())
        ontology = load(documents[0].ontology)
        known = known_types() if name.startswith("crossner_") else ()
        tasks = tasks_of(name, documents, pictures=bool(pictures), known=known)
        outcomes = [
            run_task(task, documents, ontology, self.evaluator, pictures, self.options.order)
            for task in tasks
        ]
        part = _part(name, len(documents), outcomes)
        if self.options.compat:
            part["compat"] = [row.to_json() for row in compat_rows(outcomes, ontology)]
        if pictures:
            part["pictures missing"] = pictures.missing(d.image for d in documents)
            if name == "m2e2":
                part["rows"] += self._media(pictures, outcomes, part)
        return part

    def _media(self, pictures: Pictures, outcomes: Sequence[Outcome], part: Part) -> list[Part]:
        if self.options.split != "test":
            return []
        folder = self.data / CORPORA["m2e2"].folder
        events = read_pictures(folder)[: self.options.limit or None]
        part["rule"] = self.options.rule.description
        part["pictures missing"] = pictures.missing(event.image for event in events)
        answers = ask_pictures(self.evaluator, events, pictures, load("m2e2"), "m2e2, pictures")
        texts = next(o for o in outcomes if o.metric.title == "events end to end")
        sentences = sentence_ids(folder)[: len(texts.questions)]
        rows = media_rows(answers, texts, sentences, read_links(folder), self.options.rule)
        return [row.to_json() for row in rows]

    def _captions(self) -> Part:
        captions = self._asked_captions()
        outcome = robustness.captions_outcome(self.evaluator, captions)
        return _part(PHOTOS, len(captions), [outcome])

    def _read(self, name: str) -> list[Document]:
        if name == SAMPLES:
            return read_samples()
        documents = read_corpus(name, self.data, self.options.split)
        if not documents:
            raise DataError(f"{name} has no documents in its split {self.options.split!r}")
        return documents[: self.options.limit or None]

    # Evaluation tasks

    def _pictures(self) -> Part:
        rows = robustness.unrelated_rows(self.evaluator, self._read(_TEXTS), self._photo_files())
        rows += robustness.caption_rows(self.evaluator, self._asked_captions())
        return {"rows": _plain(rows)}

    def _wordings(self) -> Part:
        return {"rows": _plain(robustness.wording_rows(self.evaluator, self._read(_TEXTS)))}

    def _regions(self) -> Part:
        rows = proposal_rows(self.evaluator, self._photos(), self.data / PHOTOS)
        return {"rows": _plain(rows)}

    def _asked_captions(self) -> list[Question]:
        captions = robustness.captions_of(self._photos(), self.data / PHOTOS)
        return [ordered(question, self.options.order) for question in captions]

    def _photo_files(self) -> list[Path]:
        if not (self.data / PHOTOS).is_dir():
            return []
        return [image_path(self.data / PHOTOS, photo) for photo in self._photos()]

    def _photos(self) -> list[Photo]:
        photos = read_photos(self.data / PHOTOS, photo_split(self.options.split))
        return photos[: self.options.limit or None]


def corpora_of(split: str) -> tuple[str, ...]:
    """The corpora of `CORPORA_ASKED` that have this split."""
    return tuple(name for name in CORPORA_ASKED if has_split(name, split))


def has_split(name: str, split: str) -> bool:
    """Whether a corpus has a split; raises `DataError` for an unknown corpus."""
    if name in OWN_SETS:
        return split in OWN_SETS[name].splits
    if name == SAMPLES:
        return split == "test"
    if name == PHOTOS:
        return split in ("train", "dev", "test")
    if name not in CORPORA:
        known = ", ".join([*CORPORA, PHOTOS, SAMPLES, *OWN_SETS])
        raise DataError(f"no corpus {name!r}; there are {known}")
    return split in CORPORA[name].splits


def _part(name: str, documents: int, outcomes: Sequence[Outcome]) -> Part:
    reliability: dict[str, Reliability] = {}
    for outcome in outcomes:
        reliability |= outcome.reliabilities()
    return {
        "documents": documents,
        "unasked": sum(outcome.unasked for outcome in outcomes),
        "rows": _plain([row for outcome in outcomes for row in outcome.rows()]),
        "reliability": {task: one.to_json() for task, one in reliability.items()},
        "examples": [e.to_json() for outcome in outcomes for e in examples_of(name, outcome)],
    }


def _plain(rows: Sequence[Row]) -> list[Part]:
    return [row.to_json() for row in rows]
