from __future__ import annotations

from pathlib import Path

import pytest

from tasks.document import Argument, Event, Mention, Relation
from tasks.errors import DataError
from tests.support.corpora import write
from training.corpora.standoff import read_novels, read_protocols, read_syntheses

STEPS = "Add 5 ml water.\nStir it."
MARKS = (
    "T1\tAction 0 3\tAdd\nE1\tAction:T1 Acts-on:T3\nT2\tAmount 4 8\t5 ml\nT3\tReagent 9 14\twater\n"
    "R1\tMeasure Arg1:T3 Arg2:T2\t\nT4\tAction 16 20\tStir\nT5\tMention 21 23\tit\n"
    "E2\tAction:T4 Acts-on2:T5\nR2\tSetting Arg1:E1 Arg2:T2\t\n#1\tAnnotatorNotes T5\tor what\n"
)


def test_steps_become_entities_relations_and_events(tmp_path: Path) -> None:
    folder = tmp_path / "train_data/Standoff_Format"
    write(folder / "protocol_1.txt", STEPS)
    write(folder / "protocol_1.ann", MARKS)
    (record,) = read_protocols(tmp_path, "train")
    assert record.text == STEPS
    assert record.source == "protocol_1"
    assert record.entities == (
        Mention(0, 3, "action"),
        Mention(4, 8, "amount"),
        Mention(9, 14, "reagent"),
        Mention(16, 20, "action"),
        Mention(21, 23, "referring expression"),
    )
    assert record.relations == (Relation("has measure", 2, 1), Relation("has setting", 0, 1))
    assert record.events == (
        Event("action", 0, 3, (Argument("acts on", 9, 14),)),
        Event("action", 16, 20, (Argument("acts on", 21, 23),)),
    )


def test_syntheses_are_those_of_the_list(tmp_path: Path) -> None:
    write(tmp_path / "ner-train-fnames.txt", "a\n")
    for name in ("a", "b"):
        write(tmp_path / f"data/{name}.txt", "BaO was dried.")
        marks = "T1\tMaterial 0 3\tBaO\nT2\tOperation 8 13\tdried\n"
        write(tmp_path / f"data/{name}.ann", marks + "E1\tOperation:T2 Recipe_Target:T1\n")
    (record,) = read_syntheses(tmp_path, "train")
    assert record.source == "a"
    assert record.events == (Event("operation", 8, 13, (Argument("recipe target", 0, 3),)),)


def test_chapters_join_lines_and_both_kinds_of_marks(tmp_path: Path) -> None:
    for number in range(40):
        name = f"{number}_a_novel_brat"
        write(tmp_path / f"entities/brat/{name}.txt", "Her dog\nbarked .\n")
        marks = "T1\tPER 0 3\tHer\nT2\tVEH 0 7\tHer dog\n"
        write(tmp_path / f"entities/brat/{name}.ann", marks)
        write(tmp_path / f"events/brat/{name}.ann", "T1\tEVENT 8 14\tbarked\n")
    train, dev = (list(read_novels(tmp_path, split)) for split in ("train", "dev"))
    assert len(train) + len(dev) == 40
    assert len(train) > len(dev) > 0
    record = dev[0]
    assert record.text == "Her dog barked ."
    assert [m.type for m in record.entities or ()] == ["person", "vehicle"]
    assert (record.events, record.relations) == ((Event("event", 8, 14),), None)
    assert record.nested


@pytest.mark.parametrize(
    "line",
    ["T1\tAction 30 34\tStir", "T1\tGod 0 3\tAdd", "E1\tAction:T9", "R1\tKin Arg1:T1 Arg2:T2"],
)
def test_broken_marks_are_located(tmp_path: Path, line: str) -> None:
    folder = tmp_path / "dev_data/Standoff_Format"
    write(folder / "protocol_1.txt", STEPS)
    write(folder / "protocol_1.ann", line + "\n")
    with pytest.raises(DataError, match=r"protocol_1\.ann:"):
        list(read_protocols(tmp_path, "dev"))


def test_a_folder_without_texts_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no texts"):
        list(read_protocols(tmp_path, "train"))
