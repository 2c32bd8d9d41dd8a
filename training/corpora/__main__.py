"""Counts documents and leaks by corpus and split: `python -m training.corpora DATA`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from training.corpora import CORPORA, read_corpus
from training.leakage import Leaks, count_leaks

_ROW = "{:20} {:6} {:>9} {:>6} {:>9} {:>8}"


def rows(data: Path, reported: list[str]) -> Iterator[str]:
    """The lines of the table; the test splits of the corpora in `reported` count as reported."""
    yield _ROW.format("corpus", "split", "documents", "leaks", "by image", "by text")
    tests = [document for name in reported for document in read_corpus(name, data, "test")]
    for name, corpus in CORPORA.items():
        if not (data / corpus.folder).is_dir():
            continue
        for split in corpus.splits:
            documents = read_corpus(name, data, split)
            leaks = count_leaks(documents, tests if split != "test" else ()).get(
                name, Leaks(0, 0, 0)
            )
            counts = (len(documents), leaks.total, leaks.by_image, leaks.by_text)
            yield _ROW.format(name, split, *counts)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with one folder a corpus")
    parser.add_argument(
        "--reported",
        nargs="*",
        choices=CORPORA,
        default=["twitter2015", "twitter2017", "gmner", "mnre", "conll04", "m2e2"],
        help="corpora whose test splits are reported",
    )
    arguments = parser.parse_args()
    for row in rows(arguments.data, arguments.reported):
        print(row)


if __name__ == "__main__":
    main()
