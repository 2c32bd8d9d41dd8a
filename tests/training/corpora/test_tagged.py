from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import DataError
from tests.support.corpora import write
from training.corpora.records import OpenRecord, split_of
from training.corpora.tagged import Tagged

FILES = {"train": ("train.txt",), "dev": ("dev.txt",)}


def said(record: OpenRecord) -> list[tuple[str, str]]:
    return [(record.text[m.start : m.end], m.type) for m in record.entities or ()]


def test_comments_are_not_columns(tmp_path: Path) -> None:
    layout = Tagged("multiconer2_en", "multiconer2_en", FILES, columns=(3,), separator=" ")
    text = "\n# id 7\tdomain=en\nthe _ _ O\n# _ _ O\nada _ _ B-OtherPER\nbyron _ _ I-OtherPER\n"
    write(tmp_path / "train.txt", text)
    (record,) = layout.read(tmp_path, "train")
    assert record.text == "the # ada byron"
    assert said(record) == [("ada byron", "other person")]
    assert (record.document.corpus, record.commercial) == ("multiconer2_en", True)
    assert "politician" in {kind.name for kind in record.inventory.entities}


def test_tags_without_a_beginning_make_runs(tmp_path: Path) -> None:
    layout = Tagged("wikigold", "wikigold", FILES, separator=" ")
    write(tmp_path / "train.txt", "Ada I-PER\nByron I-PER\nACME I-ORG\nsaid O\n\n. O\n")
    (record,) = layout.read(tmp_path, "train")
    assert said(record) == [("Ada Byron", "person"), ("ACME", "organization")]


def test_two_columns_of_tags_may_overlap(tmp_path: Path) -> None:
    layout = Tagged("skillspan", "skillspan", FILES, columns=(1, 2))
    write(tmp_path / "dev.txt", "write\tB-Skill\tO\nJava\tI-Skill\tB-Knowledge\n")
    (record,) = layout.read(tmp_path, "dev")
    assert said(record) == [("write Java", "skill"), ("Java", "knowledge")]
    assert record.nested


def test_headers_of_questions_are_left_out(tmp_path: Path) -> None:
    layout = Tagged("stackoverflow_ner", "stackoverflow_ner", FILES)
    header = "Question_ID\tO\tQuestion_ID\tO\n:\tO\t:\tO\n12\tO\t12\tO\n\t\n"
    write(tmp_path / "train.txt", header + "use\tO\tuse\tO\nnumpy\tB-Library\tnumpy\tO\n\t\n")
    (record,) = layout.read(tmp_path, "train")
    assert said(record) == [("numpy", "library")]


def test_a_set_without_a_dev_part_holds_documents_out(tmp_path: Path) -> None:
    layout = Tagged("uner_en_ewt", "uner_en_ewt", {"train": ("t",)}, columns=(2,), token=1)
    names = [f"doc-{number}" for number in range(60)]
    parts = [
        f"# newdoc id = {n}\n# text = a\n1\tBonn\tB-LOC\t-\t-\n\n2\tb\tO\t-\t-\n" for n in names
    ]
    write(tmp_path / "t", "\n".join(parts))
    for split in ("train", "dev"):
        records = list(layout.read(tmp_path, split))
        assert {r.source for r in records} == {n for n in names if split_of(n) == split} != set()
        assert len(records) == 2 * len({r.source for r in records})


def test_texts_of_a_barred_folder_are_not_commercial(tmp_path: Path) -> None:
    layout = Tagged("gum3", "gum3", FILES, barred="whow")
    write(tmp_path / "train.txt", "Boil\tO\nwater\tB-substance\n\nTea\tB-substance\n")
    write(tmp_path / "whow/a.tsv", "Boil\tO\nwater\tsubstance\n")
    assert [r.commercial for r in layout.read(tmp_path, "train")] == [False, True]


@pytest.mark.parametrize(
    ("text", "said_wrong"), [("Ada\tB-GOD\n", "unknown types GOD"), ("Ada\n", "no column 2")]
)
def test_a_broken_line_is_located(tmp_path: Path, text: str, said_wrong: str) -> None:
    write(tmp_path / "train.txt", "\n" + text)
    layout = Tagged("wikigold", "wikigold", FILES)
    with pytest.raises(DataError, match=rf"train\.txt:2: {said_wrong}"):
        list(layout.read(tmp_path, "train"))
