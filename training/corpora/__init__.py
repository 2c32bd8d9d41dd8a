"""The corpora that the project reads, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tasks.document import Document
from tasks.errors import DataError
from training.corpora import casie, conll04, m2e2
from training.corpora.conll import Conll
from training.corpora.marked import Marked
from training.corpora.mnre import Mnre

_TDT = ("train", "dev", "test")


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus: its folder, its label inventory, its splits, and the reader of a split."""

    folder: str
    ontology: str
    splits: tuple[str, ...]
    read: Callable[[Path, str], list[Document]]


def _conll(folder: str, layout: Conll) -> Corpus:
    return Corpus(folder, layout.ontology, tuple(layout.files), layout.read)


def _pairs(folder: str, layout: Mnre | Marked) -> Corpus:
    return Corpus(folder, layout.ontology, tuple(layout.files), layout.read)


_VALID = {"train": ("train.txt",), "dev": ("valid.txt",), "test": ("test.txt",)}
_DEV = {"train": ("train.txt",), "dev": ("dev.txt",), "test": ("test.txt",)}
_BIO = {split: (f"{split}.bio",) for split in _TDT}
_GMNER = {split: (f"txt/{split}.txt",) for split in _TDT}
_BROAD = {
    "train": ("a.conll", "b.conll", "e.conll", "g.conll"),
    "dev": ("h.conll",),
    "test": ("f.conll",),
}
_MNRE = {"train": "mnre_train.txt", "dev": "mnre_val.txt", "test": "mnre_test.txt"}
_MNRE_V1 = {"train": "ours_train.txt", "dev": "ours_val.txt", "test": "ours_test.txt"}
_SEMEVAL = {"train": "TRAIN_FILE.TXT", "test": "TEST_FILE_FULL.TXT"}
_KBP37 = {split: f"{split}.txt" for split in _TDT}
_BOXES = "../gmner/xml"

CORPORA: dict[str, Corpus] = {
    "twitter2015": _conll("twitter2015", Conll("twitter2015", "twitter4", _VALID)),
    "twitter2017": _conll("twitter2017", Conll("twitter2017", "twitter4", _VALID)),
    "gmner": _conll("gmner", Conll("gmner", "twitter4", _GMNER, boxes="xml")),
    "fmnerg8": _conll(
        "gmner_fine", Conll("fmnerg8", "fmnerg8", _DEV, column=1, width=3, boxes=_BOXES)
    ),
    "fmnerg51": _conll(
        "gmner_fine", Conll("fmnerg51", "fmnerg51", _DEV, column=2, width=3, boxes=_BOXES)
    ),
    "broad_twitter": _conll(
        "broad_twitter", Conll("broad_twitter", "broad3", _BROAD, sigils_apart=True)
    ),
    "tweebank": _conll("tweebank", Conll("tweebank", "twitter4", _BIO, column=3, width=4)),
    "conll2003": _conll("crossner/conll2003", Conll("conll2003", "conll2003", _DEV)),
    **{
        f"crossner_{domain}": _conll(
            f"crossner/{domain}", Conll(f"crossner_{domain}", f"crossner_{domain}", _DEV)
        )
        for domain in ("ai", "literature", "music", "politics", "science")
    },
    "mnre": _pairs("mnre", Mnre("mnre", "mnre", _MNRE)),
    "mnre_v1": _pairs("mnre/v1", Mnre("mnre_v1", "mnre_v1", _MNRE_V1)),
    "semeval2010": _pairs(
        "semeval2010_task8", Marked("semeval2010", "semeval2010", _SEMEVAL, "Other")
    ),
    "kbp37": _pairs("kbp37", Marked("kbp37", "kbp37", _KBP37, "no_relation")),
    "conll04": Corpus("conll04", conll04.ONTOLOGY, _TDT, conll04.read),
    "casie": Corpus("casie", casie.ONTOLOGY, _TDT, casie.read),
    "m2e2": Corpus("m2e2", m2e2.ONTOLOGY, ("train", "test"), m2e2.read),
}


def read_corpus(name: str, data_root: Path, split: str) -> list[Document]:
    """Read the documents of a split of the corpus `name` under `data_root`.

    Raises:
        DataError: if the corpus or the split is unknown, or a file is malformed.
    """
    if name not in CORPORA:
        raise DataError(f"no corpus {name!r}; there are {', '.join(CORPORA)}")
    corpus = CORPORA[name]
    if split not in corpus.splits:
        raise DataError(f"{name} has no split {split!r}; there are {', '.join(corpus.splits)}")
    return corpus.read(data_root / corpus.folder, split)
