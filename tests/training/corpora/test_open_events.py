from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.document import Argument, Event
from tasks.errors import DataError
from tests.support.corpora import write
from training.corpora.open_events import (
    geneva_descriptions,
    read_geneva,
    read_news_events,
    read_phee,
)
from training.corpora.records import OpenRecord


def geneva(event: str = "Killing", role: str = "Victim") -> dict[str, Any]:
    return {
        "doc_id": "d1",
        "tokens": ["Bandits", "shot", "two", "men"],
        "entity_mentions": [{"id": "e1", "start": 2, "end": 4}],
        "event_mentions": [
            {
                "event_type": event,
                "trigger": {"start": 1, "end": 2},
                "arguments": [{"entity_id": "e1", "role": role}],
            }
        ],
    }


def test_tokens_of_geneva_become_offsets(tmp_path: Path) -> None:
    write(tmp_path / "train_union.jsonl", json.dumps(geneva()) + "\n")
    (record,) = read_geneva(tmp_path, "train")
    assert record.text == "Bandits shot two men"
    assert record.events == (Event("killing", 8, 12, (Argument("victim", 13, 20),)),)
    assert (record.entities, record.relations, record.given_triggers) == (None, None, False)


@pytest.mark.parametrize("row", [geneva(event="Sleeping"), geneva(role="Sleeper"), {}])
def test_a_broken_row_of_geneva_is_located(tmp_path: Path, row: dict[str, Any]) -> None:
    write(tmp_path / "data/val.json", json.dumps(geneva()) + "\n" + json.dumps(row))
    with pytest.raises(DataError, match=r"val\.json:2: "):
        list(read_geneva(tmp_path, "dev"))


def test_descriptions_are_a_sentence_of_the_ontology(tmp_path: Path) -> None:
    argument = {"arg_desc": "Who dies. As in a war."}
    kind = {
        "frames": {"Killing": {"description": "Someone\ndies. It is sad."}},
        "arguments": {"Victim": argument, "Unheard_of": argument},
    }
    tree = {"Killing": kind, "Not_annotated": kind}
    write(tmp_path / "meta_data/event_ontology.json", json.dumps(tree))
    expected = {("killing",): "Someone dies.", ("killing", "victim"): "Who dies."}
    assert geneva_descriptions(tmp_path) == expected


def place(text: str, *names: str) -> dict[str, Any]:
    return {"text": [[name] for name in names], "start": [[text.index(name)] for name in names]}


def test_parts_of_drug_events_have_roles_of_their_own(tmp_path: Path) -> None:
    text = "A man got rash after taking aspirin and iron daily for flu."
    treatment = {
        **place(text, "aspirin and iron daily"),
        "Drug": place(text, "aspirin"),
        "Freq": place(text, "daily"),
        "Disorder": place(text, "flu"),
        "Combination": [{"Trigger": place(text, "and"), "Drug": place(text, "iron")}],
    }
    event = {
        "event_type": "Adverse_event",
        "Trigger": place(text, "after"),
        "Subject": {**place(text, "A man"), "Gender": place(text, "man")},
        "Treatment": treatment,
        "Effect": place(text, "rash"),
        "Negated": {"value": True},
    }
    row = {"id": "12_3", "context": text, "annotations": [{"events": [event]}]}
    write(tmp_path / "data/json/train.json", json.dumps(row))
    (record,) = read_phee(tmp_path, "train")
    (found,) = record.events or ()
    assert (record.source, found.type, text[found.start : found.end]) == (
        "12",
        "adverse event",
        "after",
    )
    assert {(a.role, text[a.start : a.end]) for a in found.arguments} == {
        ("subject", "A man"),
        ("gender", "man"),
        ("treatment", "aspirin and iron daily"),
        ("drug", "aspirin"),
        ("frequency", "daily"),
        ("treated disorder", "flu"),
        ("combined drug", "iron"),
        ("effect", "rash"),
    }


def news(folder: Path) -> list[OpenRecord]:
    rams = {
        "doc_key": "r",
        "sentences": [["Ann", "died", "."], ["In", "Bonn", "."]],
        "evt_triggers": [[1, 1, [["life.die.n/a", 1.0]]]],
        "gold_evt_links": [[[1, 1], [4, 4], "evt089arg02place"]],
    }
    wiki = {
        "doc_id": "w",
        "sentences": [
            [[["Bomb", 0, 4], ["scare", 5, 10]], "Bomb scare"],
            [[["It", 10, 12], ["blew", 13, 17], [".", 17, 18]], "It blew."],
        ],
        "entity_mentions": [{"id": "t", "start": 2, "end": 3}],
        "event_mentions": [
            {
                "event_type": "Conflict.Attack.DetonateExplode",
                "trigger": {"start": 3, "end": 4},
                "arguments": [{"entity_id": "t", "role": "ExplosiveDevice"}],
            }
        ],
    }
    write(folder / "rams/dev.jsonlines", json.dumps(rams))
    write(folder / "wikievents/dev.jsonl", json.dumps(wiki))
    return [r for split in ("train", "dev") for r in read_news_events(folder, split)]


def test_a_window_of_rams_has_one_given_trigger(tmp_path: Path) -> None:
    (record,) = [r for r in news(tmp_path) if r.given_triggers]
    assert record.text == "Ann died . In Bonn ."
    assert record.events == (Event("death", 4, 8, (Argument("place", 14, 18),)),)
    assert [kind.name for kind in record.inventory.events] == ["death"]


def test_sentences_of_wikievents_are_put_apart(tmp_path: Path) -> None:
    (record,) = [r for r in news(tmp_path) if not r.given_triggers]
    assert record.text == "Bomb scare It blew."
    assert record.events == (Event("explosion", 14, 18, (Argument("explosive device", 11, 13),)),)
    assert not record.commercial
