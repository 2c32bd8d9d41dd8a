from __future__ import annotations

from pathlib import Path

import pytest

from tasks.document import Document, Mention, Relation
from tasks.errors import DataError
from tests.support.corpora import pair, write
from training.corpora.mnre import Mnre, group_pairs

V2 = Mnre("mnre", "mnre", {"train": "train.txt"})
TEXT = "Ada Byron of ACME in Oslo"
ADA, ACME, OSLO = (0, 2), (3, 4), (5, 6)


def read(folder: Path, *lines: str, version: Mnre = V2) -> list[Document]:
    write(folder / "train.txt", "".join(lines))
    return version.read(folder, "train")


def test_a_line_is_a_document_with_one_typed_pair(tmp_path: Path) -> None:
    (document,) = read(tmp_path, pair(TEXT, ADA, ACME, "/per/org/member_of", "twitter_1.jpg"))
    assert document == Document(
        text=TEXT,
        corpus="mnre",
        split="train",
        ontology="mnre",
        image="twitter_1.jpg",
        relations=(Relation("member of", 0, 1),),
        pair_mentions=(Mention(0, 9, "person"), Mention(13, 17, "organization")),
    )


@pytest.mark.parametrize("label", ["None", "none"])
def test_an_unrelated_pair_has_no_types(tmp_path: Path, label: str) -> None:
    (document,) = read(tmp_path, pair(TEXT, OSLO, ADA, label, "1.jpg"))
    assert document.relations == (Relation("none", 0, 1),)
    assert document.pair_mentions == (Mention(21, 25, ""), Mention(0, 9, ""))


@pytest.mark.parametrize("label", ["/per/per/alternate_names", "/org/org/alternate_names"])
def test_either_kind_of_alternate_names_has_one_word(tmp_path: Path, label: str) -> None:
    (document,) = read(tmp_path, pair(TEXT, ADA, ACME, label, "1.jpg"))
    assert document.relations == (Relation("alternate names", 0, 1),)
    assert {m.type for m in document.mentions} == {"person" if "per" in label else "organization"}


def test_version_1_has_its_own_labels_and_pictures_without_quotes(tmp_path: Path) -> None:
    v1 = Mnre("mnre_v1", "mnre_v1", {"train": "train.txt"})
    (document,) = read(tmp_path, pair(TEXT, ADA, ACME, "/per/org/leader", 64738), version=v1)
    assert (document.image, document.relations) == ("64738", (Relation("leader", 0, 1),))


def test_pairs_of_one_post_are_grouped(tmp_path: Path) -> None:
    documents = read(
        tmp_path,
        pair(TEXT, OSLO, ADA, "None", "1.jpg"),
        pair(TEXT, ADA, ACME, "/per/org/member_of", "1.jpg"),
        pair(TEXT, ADA, ACME, "/per/org/member_of", "2.jpg"),
        pair(TEXT, ACME, OSLO, "/org/loc/locate_at", "1.jpg"),
    )
    first, second = group_pairs(documents)
    assert (first.image, second.image) == ("1.jpg", "2.jpg")
    assert first.pair_mentions == (
        Mention(21, 25, "location"),
        Mention(0, 9, "person"),
        Mention(13, 17, "organization"),
    )
    assert first.relations == (
        Relation("none", 0, 1),
        Relation("member of", 1, 2),
        Relation("locate at", 2, 0),
    )
    assert second.relations == (Relation("member of", 0, 1),)


@pytest.mark.parametrize(
    "line",
    [
        "not a literal at all\n",
        "{'token': ['a']}\n",
        pair(TEXT, ADA, ACME, "/per/org/nemesis", "1.jpg"),
        pair(TEXT, (2, 2), ACME, "None", "1.jpg"),
        pair(TEXT, (5, 9), ACME, "None", "1.jpg"),
    ],
)
def test_a_broken_line_is_located(tmp_path: Path, line: str) -> None:
    with pytest.raises(DataError, match=r"train\.txt:2: "):
        read(tmp_path, "\n", line)
