from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.document import Mention, Relation
from tasks.errors import DataError
from tests.support.corpora import write
from training.corpora.open_pairs import (
    read_adverse_effects,
    read_facts,
    read_fire,
    read_science,
)
from training.corpora.records import OpenRecord


def said(record: OpenRecord) -> set[tuple[str, str, str]]:
    names = [record.text[m.start : m.end] for m in record.document.mentions]
    return {(names[r.head], r.type, names[r.tail]) for r in record.relations or ()}


def fact(text: str, relation: str, head: str, tail: str) -> dict[str, Any]:
    ends = ([text.index(n), text.index(n) + len(n), n] for n in (head, tail))
    return {"rel": relation, **dict(zip(("subj", "obj"), ends, strict=True))}


def facts(folder: Path, *rows: dict[str, Any]) -> list[OpenRecord]:
    lines = [json.dumps({"doc": "1", **row}) for row in rows]
    write(folder / "train_passages.jsonl", "\n".join(lines))
    return [r for split in ("train", "dev") for r in read_facts(folder, split)]


def test_only_annotated_relations_are_in_the_inventory(tmp_path: Path) -> None:
    text = "Ann, wed to Bob, leads ACME and Cy leads Umbra."
    rows = [fact(text, "CEO", "ACME", "Ann"), fact(text, "CEO", "Umbra", "Cy")]
    named, bare = facts(
        tmp_path,
        {"text": text, "props": ["SPOUSE"], "facts": rows},
        {"text": "It rains.", "props": ["CEO"], "facts": []},
    )
    asked = {kind.name for kind in named.inventory.relations}
    assert asked == {"spouse", "has chief executive"}
    assert named.entities is None
    assert {m.type for m in named.document.mentions} == {"person", "organization"}
    assert {("ACME", "has chief executive", "Ann"), ("ACME", "none", "Cy")} <= said(named)
    assert ("Ann", "none", "ACME") not in said(named)
    assert [kind.name for kind in bare.inventory.relations] == ["has chief executive"]
    assert bare.relations == ()


def test_the_other_direction_is_a_negative_unless_the_relation_has_none(tmp_path: Path) -> None:
    text = "Ann, a child of Bob"
    (child,) = facts(
        tmp_path, {"text": text, "props": [], "facts": [fact(text, "CHILD_OF", "Ann", "Bob")]}
    )
    assert said(child) == {("Ann", "child of", "Bob"), ("Bob", "none", "Ann")}
    (wed,) = facts(
        tmp_path, {"text": text, "props": [], "facts": [fact(text, "SPOUSE", "Ann", "Bob")]}
    )
    assert said(wed) == {("Ann", "spouse", "Bob")}


def test_fire_has_entities_and_relations(tmp_path: Path) -> None:
    row = {
        "tokens": ["ACME", "bought", "Umbra"],
        "entities": [
            {"type": "Company", "start": 0, "end": 1},
            {"type": "Company", "start": 2, "end": 3},
        ],
        "relations": [{"type": "ActionBuy", "head": 0, "tail": 1}],
    }
    write(tmp_path / "data/fire_dev.json", json.dumps([row]))
    (record,) = [r for split in ("train", "dev") for r in read_fire(tmp_path, split)]
    assert record.entities == (Mention(0, 4, "company"), Mention(12, 17, "company"))
    assert record.relations == (Relation("buys", 0, 1),)
    row["relations"] = [{"type": "ActionBuy", "head": 0, "tail": 2}]
    write(tmp_path / "data/fire_dev.json", json.dumps([row]))
    with pytest.raises(DataError, match=r"fire_dev\.json: sentence 0: "):
        [list(read_fire(tmp_path, split)) for split in ("train", "dev")]


def adverse(root: Path, *rows: str, doses: str = "", negative: str = "") -> list[OpenRecord]:
    folder = root / "ade/ADE-Corpus-V2"
    write(folder / "DRUG-AE.rel", "\n".join(rows))
    write(folder / "DRUG-DOSE.rel", doses)
    write(folder / "ADE-NEG.txt", negative)
    return [r for split in ("train", "dev") for r in read_adverse_effects(root / "ade", split)]


def test_a_repeated_name_is_located_by_distance(tmp_path: Path) -> None:
    text = "X gave rash, then more X."
    (record,) = adverse(tmp_path, f"1|{text}|rash|107|111|X|123|124")
    assert record.document.mentions == (Mention(7, 11, "adverse effect"), Mention(23, 24, "drug"))
    assert said(record) == {("X", "causes", "rash")}
    assert [kind.name for kind in record.inventory.relations] == ["causes"]


def test_doses_and_negatives_are_records_too(tmp_path: Path) -> None:
    dose = "2|Take X at 5 mg.|5 mg|10|14|X|5|6"
    dosed, bare = adverse(tmp_path, doses=dose, negative="2 NEG All is well.\n")
    assert said(dosed) == {("X", "has dose", "5 mg")}
    assert (bare.text, bare.relations) == ("All is well.", ())


def test_sentences_that_phee_reports_on_are_left_out(tmp_path: Path) -> None:
    row = json.dumps({"context": "All is  well."})
    write(tmp_path / "phee/data/json/test.json", row)
    assert adverse(tmp_path, negative="2 NEG all is well .\n") == []


def science(
    folder: Path, related: str, ner: str = "A O O I-Method\nb O O O\nc O O I-Task\n"
) -> None:
    write(folder / "ner/sciie/train.txt", "-DOCSTART- NN O O\n\n" + ner)
    marked = folder / "text_classification"
    write(marked / "sciie-relation-extraction/train.txt", related)
    row = {"text": "<< P >> blocked by [[ q ]].", "label": "INHIBITOR"}
    write(marked / "chemprot/train.txt", json.dumps(row))


def test_entities_and_relations_of_scierc_meet(tmp_path: Path) -> None:
    science(tmp_path, json.dumps({"text": "<< A >> b [[ c ]]", "label": "USED-FOR"}))
    scierc, chemprot = read_science(tmp_path, "train")
    assert scierc.entities == (Mention(0, 1, "method"), Mention(4, 5, "task"))
    assert said(scierc) == {("c", "used for", "A")}
    assert chemprot.text == "P blocked by q."
    assert chemprot.entities is None
    assert {r.type for r in chemprot.relations or ()} == {"inhibition"}


@pytest.mark.parametrize("row", ['{"text": "a [[ b ]]", "label": "COMPARE"}', "{"])
def test_a_broken_pair_is_located(tmp_path: Path, row: str) -> None:
    science(tmp_path, row)
    with pytest.raises(DataError, match=r"train\.txt:1: "):
        list(read_science(tmp_path, "train"))
