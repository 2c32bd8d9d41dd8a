from __future__ import annotations

from pathlib import Path

import pytest

from tasks.document import Document, Mention, Relation
from tasks.errors import DataError
from tests.support.corpora import marked, write
from training.corpora.marked import Marked

SEMEVAL = Marked("semeval2010", "semeval2010", {"train": "train.txt"}, "Other")
KBP37 = Marked("kbp37", "kbp37", {"train": "train.txt"}, "no_relation")


def read(folder: Path, text: str, corpus: Marked = SEMEVAL) -> list[Document]:
    write(folder / "train.txt", text)
    return corpus.read(folder, "train")


def test_a_block_is_a_document_with_one_pair(tmp_path: Path) -> None:
    document, other = read(
        tmp_path,
        marked(
            ("The *lid of a *jar.", "Component-Whole(e1,e2)"),
            ("*A and *b", "Member-Collection(e1,e2)"),
        ),
    )
    assert document == Document(
        text="The lid of a jar.",
        corpus="semeval2010",
        split="train",
        ontology="semeval2010",
        relations=(Relation("component of", 0, 1),),
        pair_mentions=(Mention(4, 7, ""), Mention(13, 16, "")),
    )
    assert other.relations == (Relation("member of", 0, 1),)


def test_the_other_direction_swaps_head_and_tail(tmp_path: Path) -> None:
    (document,) = read(tmp_path, marked(("A *jar with a *lid", "Component-Whole(e2,e1)")))
    (relation,) = document.relations or ()
    head, tail = document.mentions[relation.head], document.mentions[relation.tail]
    assert relation.type == "component of"
    assert document.text[head.start : head.end] == "lid"
    assert document.text[tail.start : tail.end] == "jar"


@pytest.mark.parametrize(("corpus", "label"), [(SEMEVAL, "Other"), (KBP37, "no_relation")])
def test_an_unrelated_pair_has_no_types(tmp_path: Path, corpus: Marked, label: str) -> None:
    (document,) = read(tmp_path, marked(("A *jar and a *lid", label)), corpus)
    assert document.relations == (Relation("none", 0, 1),)
    assert [m.type for m in document.mentions] == ["", ""]


@pytest.mark.parametrize(
    ("label", "relation", "types"),
    [
        ("per:spouse(e1,e2)", Relation("spouse", 0, 1), ["person", "person"]),
        ("org:city_of_headquarters(e2,e1)", None, ["location", "organization"]),
        ("org:founded_by(e1,e2)", Relation("founded by", 0, 1), ["organization", ""]),
        ("per:alternate_names(e2,e1) ", Relation("alternate names", 1, 0), ["", ""]),
    ],
)
def test_labels_of_facts_tell_types(
    tmp_path: Path, label: str, relation: Relation | None, types: list[str]
) -> None:
    (document,) = read(tmp_path, marked(("*Ada in *ACME", label)), KBP37)
    assert document.relations == (relation or Relation("city of headquarters", 1, 0),)
    assert [m.type for m in document.mentions] == types


@pytest.mark.parametrize(
    ("sentence", "text", "spans"),
    [
        (
            " The <e1> Oslo </e1> of ( <e2> MS Air </e2> ) . ",
            "The Oslo of ( MS Air ) .",
            ["Oslo", "MS Air"],
        ),
        ("<e1>Ada</e1>'s <e2>dog</e2>", "Ada's dog", ["Ada", "dog"]),
        ("the <e1> U </e1> <e2> Kent </e2>", "the U Kent", ["U", "Kent"]),
        ('a "<e1>b</e1>" in <e2>c</e2>.', 'a "b" in c.', ["b", "c"]),
        ("pre<e1>fix</e1>es <e2>é</e2>", "prefixes é", ["fix", "é"]),
    ],
)
def test_marks_and_their_spaces_are_taken_out(
    tmp_path: Path, sentence: str, text: str, spans: list[str]
) -> None:
    (document,) = read(tmp_path, f'7\t"{sentence}"\nOther\n\n\n')
    assert document.text == text
    assert [text[m.start : m.end] for m in document.mentions] == spans


@pytest.mark.parametrize(
    "block",
    [
        "a <e1>b</e1> <e2>c</e2>\nOther\n",
        '7\t"a <e1>b</e1> <e2>c</e2>"\n',
        '7\t"a <e1>b</e1> c"\nOther\n',
        '7\t"a <e2>b</e2> <e1>c</e1>"\nOther\n',
        '7\t"a <e1>b</e1> <e2>c</e2>"\nCause-Effect\n',
        '7\t"a <e1>b</e1> <e2>c</e2>"\nKith-Kin(e1,e2)\n',
    ],
)
def test_a_broken_block_is_located(tmp_path: Path, block: str) -> None:
    with pytest.raises(DataError, match=r"train\.txt:5: "):
        read(tmp_path, marked(("*A and *b", "Other")) + block)


def test_a_pair_that_lost_a_name_is_left_out(tmp_path: Path) -> None:
    lost = '7\t" <e1> </e1> in <e2> Oslo </e2> "\nper:spouse(e1,e2)\n\n\n'
    (kept,) = read(tmp_path, lost + marked(("*A and *b", "no_relation")), KBP37)
    assert kept.text == "A and b"
