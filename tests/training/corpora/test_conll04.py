from __future__ import annotations

from pathlib import Path

import pytest

from tasks.document import Document, Mention, Relation
from tasks.errors import DataError
from tests.support.corpora import conll04 as layout
from tests.support.corpora import write
from training.corpora import conll04

MOVED = (
    "Mrs. B-Peop",
    "Ada I-Peop Live_In>4 Work_For>6",
    "of O",
    "New B-Loc",
    "York I-Loc",
    "'s O",
    "ACME B-Org",
)


def test_relations_join_the_mentions_that_end_where_they_point(tmp_path: Path) -> None:
    write(tmp_path / "dev.txt", layout(MOVED, ("Nothing O",)))
    first, second = conll04.read(tmp_path, "dev")
    assert first == Document(
        text="Mrs. Ada of New York 's ACME",
        corpus="conll04",
        split="dev",
        ontology="conll04",
        entities=(
            Mention(0, 8, "person"),
            Mention(12, 20, "location"),
            Mention(24, 28, "organization"),
        ),
        relations=(Relation("live in", 0, 1), Relation("work for", 0, 2)),
    )
    assert (second.entities, second.relations) == ((), ())


@pytest.mark.parametrize(
    "text, message",
    [
        (layout(("a O",)) + "1\tb\n", r"dev\.txt:3: 2 columns instead of 5"),
        (layout(("a O",), ("Ada B-Peop Live_In>0", "of O Kill>0")), r"dev\.txt:3: KeyError"),
        (layout(("Ada B-Peop Love>0",)), r"dev\.txt:1: KeyError: 'Love'"),
        (layout(("Ada B-Hero",)), r"dev\.txt:1: KeyError: 'Hero'"),
        ("#doc 1\n0\ta\tO\t['N'\t[0]\n", r"dev\.txt:1: SyntaxError"),
    ],
)
def test_a_broken_layout_is_located(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path / "dev.txt", text)
    with pytest.raises(DataError, match=message):
        conll04.read(tmp_path, "dev")
