from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.document import Argument, Document, Event
from tasks.errors import DataError
from tests.support.corpora import sentence, write
from training.corpora import m2e2

SEEN = sentence("VOA_1_5", "Police jailed Ada", event="Justice:Arrest-Jail", trigger=(1, 2))
FOUGHT = sentence(
    "VOA_2_0",
    "Rebels shelled New York",
    event="Conflict:Attack",
    trigger=(1, 2),
    arguments={"Attacker": (0, 1), "Place": (2, 4)},
)


def lay_out(folder: Path, only: list[Any], seen: list[Any]) -> None:
    write(folder / "text_only_event.json", json.dumps(only))
    write(folder / "text_multimedia_event.json", json.dumps(seen))


def test_training_has_no_document_of_the_test(tmp_path: Path) -> None:
    lay_out(
        tmp_path,
        [FOUGHT, SEEN, sentence("VOA_1_6", "It rained"), sentence("VOA_3_1", "Calm")],
        [SEEN],
    )
    fought, calm = m2e2.read(tmp_path, "train")
    assert fought == Document(
        text="Rebels shelled New York",
        corpus="m2e2",
        split="train",
        ontology="m2e2",
        events=(Event("attack", 7, 14, (Argument("attacker", 0, 6), Argument("place", 15, 23))),),
    )
    assert (calm.text, calm.events) == ("Calm", ())
    assert [d.text for d in m2e2.read(tmp_path, "test")] == ["Police jailed Ada"]


@pytest.mark.parametrize(
    "broken, message",
    [
        (sentence("VOA_2_1", "a b", event="Life:Flood"), "VOA_2_1: KeyError: 'Life:Flood'"),
        (
            sentence("VOA_2_1", "a b", event="Life:Die", trigger=(1, 3)),
            "VOA_2_1: ValueError: no tokens",
        ),
        (
            sentence("VOA_2_1", "a b", event="Life:Die", arguments={"Giver": (0, 1)}),
            "die has no role 'Giver'",
        ),
        ({"words": []}, "sentence 1 has no sentence_id"),
    ],
)
def test_a_broken_sentence_is_located(tmp_path: Path, broken: dict[str, Any], message: str) -> None:
    lay_out(tmp_path, [FOUGHT, broken], [SEEN])
    with pytest.raises(DataError, match=rf"text_only_event\.json: .*{message}"):
        m2e2.read(tmp_path, "train")


def test_something_else_than_a_list_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "text_multimedia_event.json", "{}")
    with pytest.raises(DataError, match="not a list of sentences"):
        m2e2.read(tmp_path, "test")
