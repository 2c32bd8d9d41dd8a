"""The open sets, by name: `read_all(Path("data/open"))` yields the records of all of them.

Only "train" and "dev" (for model selection) can be read, not known test sets. If a set has no dev
part, a tenth of its sources is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import DataError
from training.corpora.biography import read_biographies
from training.corpora.licences import LICENCES
from training.corpora.marked_spans import read_personal_data, read_utterances
from training.corpora.open_events import (
    geneva_descriptions,
    read_geneva,
    read_news_events,
    read_phee,
)
from training.corpora.open_pairs import (
    read_adverse_effects,
    read_facts,
    read_fire,
    read_science,
)
from training.corpora.records import Descriptions, OpenRecord
from training.corpora.standoff import read_novels, read_protocols, read_syntheses
from training.corpora.tagged import Tagged

Reader = Callable[[Path, str], Iterable[OpenRecord]]

_TAGGED = {
    "multiconer2_en": Tagged(
        "multiconer2_en",
        "multiconer2_en",
        {
            "train": ("en-train90.conll", "English/en-train10.conll"),
            "dev": ("English/en-dev.conll",),
        },
        columns=(3,),
        separator=" ",
    ),
    "stackoverflow_ner": Tagged(
        "stackoverflow_ner",
        "stackoverflow_ner",
        {"train": ("StackOverflow/train.txt",), "dev": ("StackOverflow/dev.txt",)},
    ),
    "wikigold": Tagged(
        "wikigold",
        "wikigold",
        {"train": ("CONLL-format/data/wikigold.conll.txt",)},
        separator=" ",
    ),
    "gum3": Tagged(
        "gum3",
        "gum3",
        {"train": ("CONLL-format/data/train/gum-train.conll",)},
        barred="CONLL-format/data-by-corpustype/whow",
    ),
    "re3d": Tagged(
        "re3d",
        "re3d",
        {"train": ("CONLL-format/data/train/re3d-train.conll",)},
        barred="CONLL-format/data-by-source/conll/BBC_Online",
    ),
    "sec_filings": Tagged(
        "sec_filings",
        "sec_filings",
        {"train": ("CONLL-format/data/train/FIN5.txt",)},
        columns=(3,),
        separator=" ",
    ),
    "uner_en_ewt": Tagged(
        "uner_en_ewt",
        "uner_en_ewt",
        {"train": ("en_ewt-ud-dev.iob2",)},
        columns=(2,),
        token=1,
    ),
    "skillspan": Tagged(
        "skillspan",
        "skillspan",
        {
            split: tuple(f"conll/skillspan_{part}_{split}.conll" for part in ("house", "tech"))
            for split in ("train", "dev")
        },
        columns=(1, 2),
    ),
    "anem": Tagged("anem", "anem", {"train": ("CONLL-format/data/AnEM.train",)}, columns=(3,)),
}
_BIOMEDICAL = tuple(
    Tagged("mtl_bio", name, {"train": (f"{folder}/train.tsv",), "dev": (f"{folder}/devel.tsv",)})
    for name, folder in (
        ("bc5cdr", "BC5CDR-IOB"),
        ("ncbi_disease", "NCBI-disease-IOB"),
        ("cancer_genetics", "BioNLP13CG-IOB"),
    )
)


def _read_biomedical(folder: Path, split: str) -> Iterator[OpenRecord]:
    for layout in _BIOMEDICAL:
        yield from layout.read(folder, split)


@dataclass(frozen=True, slots=True)
class OpenSet:
    """A set: its name, which is also its folder, the reader of a split, and its descriptions.

    The project's own descriptions are in `training.corpora.label_wordings`.
    """

    name: str
    read: Reader

    descriptions: Callable[[Path], Descriptions] | None = None

    @property
    def commercial(self) -> bool:
        """Whether its licence allows commercial use of at least some records."""
        return LICENCES[self.name].commercial


_READERS: dict[str, Reader] = {
    "multiconer2_en": _TAGGED["multiconer2_en"].read,
    "stackoverflow_ner": _TAGGED["stackoverflow_ner"].read,
    "nlu_eval_home": read_utterances,
    "presidio_pii": read_personal_data,
    "wikigold": _TAGGED["wikigold"].read,
    "gum3": _TAGGED["gum3"].read,
    "geneva": read_geneva,
    "knowledgenet": read_facts,
    "phee": read_phee,
    "litbank": read_novels,
    "mtl_bio": _read_biomedical,
    "re3d": _TAGGED["re3d"].read,
    "sec_filings": _TAGGED["sec_filings"].read,
    "fire": read_fire,
    "uner_en_ewt": _TAGGED["uner_en_ewt"].read,
    "materials_synth": read_syntheses,
    "wnut2020_wlp": read_protocols,
    "skillspan": _TAGGED["skillspan"].read,
    "anem": _TAGGED["anem"].read,
    "rams_wikievents": read_news_events,
    "culotta_wiki": read_biographies,
    "ade": read_adverse_effects,
    "scierc_chemprot": read_science,
}
_DESCRIPTIONS = {"geneva": geneva_descriptions}

OPEN_SETS: dict[str, OpenSet] = {
    name: OpenSet(name, read, _DESCRIPTIONS.get(name)) for name, read in _READERS.items()
}


def read_open(name: str, root: Path, split: str = "train") -> Iterator[OpenRecord]:
    """Read the records of a split, "train" or "dev", of the set `name` under `root`.

    Raises:
        DataError: if the set or the split is unknown, or a file is malformed.
    """
    if name not in OPEN_SETS:
        raise DataError(f"no open set {name!r}; there are {', '.join(OPEN_SETS)}")
    if split not in ("train", "dev"):
        raise DataError(f"no split {split!r}; there are train, dev")
    yield from OPEN_SETS[name].read(root / name, split)


def read_all(
    root: Path, split: str = "train", *, commercial_only: bool = False
) -> Iterator[OpenRecord]:
    """Read the records of every set under `root`; raises `DataError`.

    `commercial_only` leaves out records without permission for commercial use.
    """
    for name in OPEN_SETS:
        if (root / name).is_dir():
            for record in read_open(name, root, split):
                if record.commercial or not commercial_only:
                    yield record
