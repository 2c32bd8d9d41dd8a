from __future__ import annotations

from pathlib import Path

import pytest

from tasks.document import Document, Mention
from tasks.errors import DataError
from tests.support.corpora import conll, write, xml
from training.corpora.conll import Conll, tagged_texts

POSTS = Conll("posts", "twitter4", {"train": ("train.txt",)})


def said(document: Document) -> list[tuple[str, str]]:
    return [(document.text[m.start : m.end], m.type) for m in document.entities or ()]


def test_posts_keep_their_picture_and_their_tokens(tmp_path: Path) -> None:
    text = conll(
        ["RT O", "@ada O", ": O", "New B-LOC", "York I-LOC"],
        ["Lego B-OTHER", "and O", "Duplo B-MISC"],
        images=["17_06_1", "797970"],
    )
    write(tmp_path / "train.txt", text)
    first, second = POSTS.read(tmp_path, "train")
    assert first == Document(
        text="RT @ada : New York",
        corpus="posts",
        split="train",
        ontology="twitter4",
        image="17_06_1",
        entities=(Mention(10, 18, "location"),),
    )
    assert second.image == "797970"
    assert said(second) == [("Lego", "miscellaneous"), ("Duplo", "miscellaneous")]


def test_broken_tags_begin_a_mention(tmp_path: Path) -> None:
    write(tmp_path / "train.txt", conll(["Ada I-PER", "Byron I-PER", "Oslo I-LOC"]))
    (document,) = POSTS.read(tmp_path, "train")
    assert said(document) == [("Ada Byron", "person"), ("Oslo", "location")]
    assert document.image is None


def test_windows_line_ends_and_a_missing_last_blank_line(tmp_path: Path) -> None:
    write(tmp_path / "train.txt", "Ada\tB-PER\r\n\r\nin\tO\r\nOslo\tB-LOC")
    assert [d.text for d in POSTS.read(tmp_path, "train")] == ["Ada", "in Oslo"]


def test_strange_white_space_ends_no_line_and_makes_no_token(tmp_path: Path) -> None:
    write(tmp_path / "train.txt", "a\u2028b\tO\n\xa0\tO\n💎 \tO\n\n\nOslo\tB-LOC\n")
    texts = list(tagged_texts(tmp_path / "train.txt", column=1, width=2))
    assert [t.tokens for t in texts] == [("a\u2028b", "💎"), ("Oslo",)]
    assert [t.line for t in texts] == [1, 6]


def test_several_files_make_a_split_and_file_starts_are_passed_over(tmp_path: Path) -> None:
    wide = Conll("wide", "twitter4", {"train": ("a.bio", "b.bio")}, column=3, width=4)
    write(tmp_path / "a.bio", "-DOCSTART- -X- -X- O\n\n" + conll(["Ada - - B-PER"]))
    write(tmp_path / "b.bio", conll(["Oslo - - B-LOC"]))
    assert [said(d) for d in wide.read(tmp_path, "train")] == [
        [("Ada", "person")],
        [("Oslo", "location")],
    ]


@pytest.mark.parametrize(
    "level, column, word", [("8", 1, "building"), ("51", 2, "entertainment place")]
)
def test_fine_types_stand_in_their_own_column(
    tmp_path: Path, level: str, column: int, word: str
) -> None:
    write(tmp_path / "train.txt", conll(["Globe B-building B-entertainment_place"], images=["1"]))
    fine = Conll("fine", f"fmnerg{level}", {"train": ("train.txt",)}, column=column, width=3)
    (document,) = fine.read(tmp_path, "train")
    assert said(document) == [("Globe", word)]


def test_boxes_belong_to_every_mention_of_their_name(tmp_path: Path) -> None:
    seen = Conll("seen", "twitter4", {"train": ("train.txt",)}, boxes="xml")
    lines = [
        "Ada B-PER",
        "O'Hara I-PER",
        "met O",
        "Ada B-PER",
        "O'Hara I-PER",
        "in O",
        "Oslo B-LOC",
    ]
    write(tmp_path / "train.txt", conll(lines, ["Ada B-PER"], images=["1", "2"]))
    boxes = [("Ada O'Hara", (10, 10, 60, 20)), ("AdaO'Hara", (0, 0, 100, 40))]
    write(tmp_path / "xml/1.xml", xml(boxes, (100, 40)))
    first, second = seen.read(tmp_path, "train")
    expected = ((0.1, 0.25, 0.6, 0.5), (0.0, 0.0, 1.0, 1.0))
    assert [m.boxes for m in first.entities or ()] == [expected, expected, ()]
    assert [m.boxes for m in second.entities or ()] == [()]


def test_an_at_sign_tagged_apart_is_no_mention(tmp_path: Path) -> None:
    apart = Conll("apart", "broad3", {"train": ("train.txt",)}, sigils_apart=True)
    write(tmp_path / "train.txt", conll(["@ B-PER", "ada B-PER", "at O", "# B-LOC", "Oslo I-LOC"]))
    (document,) = apart.read(tmp_path, "train")
    assert said(document) == [("ada", "person"), ("# Oslo", "location")]


@pytest.mark.parametrize(
    "text, message",
    [
        ("Ada\tB-PER\nOslo\n", r"train\.txt:2: 1 columns instead of 2"),
        ("a\tO\n\nAda\tPER\n", r"train\.txt:3: 'PER' is not a BIO tag"),
        ("Ada\tB-HERO\n", r"train\.txt:1: unknown types HERO"),
    ],
)
def test_a_broken_layout_is_located(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path / "train.txt", text)
    with pytest.raises(DataError, match=message):
        POSTS.read(tmp_path, "train")
