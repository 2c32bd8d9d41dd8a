from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tasks.document import Mention
from tasks.errors import DataError
from tests.support.corpora import write
from training.corpora.marked_spans import read_personal_data, read_utterances


def utterance(text: str, **slots: str) -> str:
    entities = [
        {"start": text.index(v), "end": text.index(v) + len(v), "value": v, "entity": k}
        for k, v in slots.items()
    ]
    return json.dumps({"text": text, "intent": "made_up", "entities": entities}) + "\n"


def test_one_wording_is_of_one_split(tmp_path: Path) -> None:
    rooms = [utterance(f"dim the light in room {n}", house_place=f"room {n}") for n in range(9)]
    write(tmp_path / "utterances.jsonl", "".join(rooms))
    parts = [list(read_utterances(tmp_path, split)) for split in ("train", "dev")]
    assert sorted(len(part) for part in parts) == [0, 9]
    (record, *_) = parts[0] or parts[1]
    assert record.entities == (Mention(17, 23, "room"),)
    assert record.inventory.name == "nlu_eval_home"


def personal(text: str, template: int, **spans: str) -> dict[str, Any]:
    rows = [
        {"entity_type": k, "start_position": text.index(v), "end_position": text.index(v) + len(v)}
        for k, v in spans.items()
    ]
    return {"full_text": text, "spans": rows, "template_id": template}


def test_each_version_has_its_own_labels(tmp_path: Path) -> None:
    old = [personal("Ada, 1 Elm St", n, ADDRESS="1 Elm St", PERSON="Ada") for n in range(30)]
    new = [personal("ring 555-01 ", n, PHONE_NUMBER="555-01 ") for n in range(30)]
    write(tmp_path / "data/synth_dataset_v2.json", json.dumps(new))
    write(tmp_path / "tests/data/generated_large.json", json.dumps(old))
    records = [r for split in ("train", "dev") for r in read_personal_data(tmp_path, split)]
    assert len(records) == 60
    assert {r.document.split for r in records} == {"train", "dev"}
    found = {r.inventory.name: r for r in records}
    assert found["presidio_pii"].entities == (Mention(5, 11, "phone number"),)
    expected = (Mention(0, 3, "person"), Mention(5, 13, "address"))
    assert found["presidio_pii_large"].entities == expected
    assert "street address" not in found["presidio_pii_large"].inventory.entity_of


@pytest.mark.parametrize("slot", [{"start": 90, "end": 91}, {"start": 0, "end": 3, "entity": "x"}])
def test_a_broken_utterance_is_located(tmp_path: Path, slot: dict[str, object]) -> None:
    row = {"text": "dim it", "entities": [{"entity": "date", **slot}]}
    write(tmp_path / "utterances.jsonl", utterance("hello") + json.dumps(row))
    with pytest.raises(DataError, match=r"utterances\.jsonl:2: "):
        [list(read_utterances(tmp_path, split)) for split in ("train", "dev")]
