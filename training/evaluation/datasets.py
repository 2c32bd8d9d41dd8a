"""The corpora with numbers of documents, leaks left out of training, and licences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tasks.ontology import load
from training.corpora import CORPORA, read_corpus
from training.flickr8k import read_photos
from training.leakage import count_leaks, drop_leaks
from training.text.mixture import REPORTED, TEXT_CORPORA
from training.text.portraits import read_portraits

PHOTOS, PORTRAITS = "flickr8k", "congress"

_PROVIDERS = "Twitter's and the providers' terms"
_UNSTATED = "none stated"
_RESEARCH = "non-commercial research and education"

LICENCES = {
    "twitter2015": _PROVIDERS,
    "twitter2017": _PROVIDERS,
    "gmner": _PROVIDERS,
    "fmnerg8": _PROVIDERS,
    "fmnerg51": _PROVIDERS,
    "broad_twitter": "CC BY 4.0",
    "tweebank": "Apache 2.0",
    "conll2003": "Reuters text: research",
    "mnre": _UNSTATED,
    "mnre_v1": _UNSTATED,
    "conll04": "MIT",
    "casie": _UNSTATED,
    "m2e2": _UNSTATED,
    PHOTOS: _RESEARCH,
    PORTRAITS: "US government portraits; names CC0",
}
"""Licences, as the sources state them."""


def licence_of(corpus: str) -> str:
    """The licence of a corpus, as its source states it."""
    return "MIT" if corpus.startswith("crossner_") else LICENCES.get(corpus, _UNSTATED)


def dataset_rows(data: Path, evaluated: Sequence[str], split: str) -> list[dict[str, Any]]:
    """The numbers of documents of every corpus under `data`, for training and evaluation.

    trained: documents of the training split without leaks. leaks: documents left out because their
    text or picture occurs in a reported test split. left: training documents that occur in a split
    evaluated here, which should be 0. asked: documents of that split.
    """
    reported = [d for name in REPORTED for d in read_corpus(name, data, "test")]
    texts = [name for name in evaluated if name in CORPORA]
    asked = {name: read_corpus(name, data, split) for name in texts}
    wanted = [document for documents in asked.values() for document in documents]
    rows = []
    for name in dict.fromkeys([*TEXT_CORPORA, *texts]):
        row = _row(name, asked=len(asked.get(name, ())))
        if name in TEXT_CORPORA:
            read = read_corpus(name, data, "train")
            kept = drop_leaks(read, reported)
            left = sum(leaks.total for leaks in count_leaks(kept, wanted).values())
            row |= {"trained": len(kept), "leaks": len(read) - len(kept), "left": left}
        rows.append(row)
    photos = read_photos(data / PHOTOS)
    of_split = {s: sum(photo.split == s for photo in photos) for s in ("train", photo_split(split))}
    rows.append(
        _row(PHOTOS, asked=of_split[photo_split(split)] if PHOTOS in evaluated else 0)
        | {"trained": of_split["train"]}
    )
    if (data / PORTRAITS).is_dir():
        rows.append(_row(PORTRAITS) | {"trained": len(read_portraits(data / PORTRAITS))})
    return rows


def photo_split(split: str) -> str:
    """The name of a split in the photos' annotations."""
    return "val" if split == "dev" else split


def known_types() -> frozenset[str]:
    """The labels of the entity types in training."""
    inventories = (load(CORPORA[name].ontology) for name in TEXT_CORPORA)
    return frozenset(kind.name for inventory in inventories for kind in inventory.entities)


def _row(corpus: str, asked: int = 0) -> dict[str, Any]:
    licence = licence_of(corpus)
    return {
        "corpus": corpus,
        "licence": licence,
        "trained": 0,
        "leaks": 0,
        "left": 0,
        "asked": asked,
    }
