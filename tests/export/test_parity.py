from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from export.parity import parity, worst
from tasks.errors import CheckpointError
from tests.support.recordings import change, record
from tests.support.umie import GATED_UNTIED, RELU_TIED, Sizes


@pytest.mark.parametrize("sizes", [GATED_UNTIED, RELU_TIED], ids=["gated", "relu"])
def test_a_derivation_by_hand_is_within_the_tolerance(tmp_path: Path, sizes: Sizes) -> None:
    differences = parity(record(tmp_path / "recorded", sizes))
    assert len(differences) == 7
    assert [d for d in differences if not d.within] == []
    assert max(d.largest for d in differences) < 1e-4


def test_a_tensor_that_is_off_is_found(tmp_path: Path) -> None:
    folder = record(tmp_path / "recorded", GATED_UNTIED)
    change(folder, "gate_rate", torch.tensor([0.0, 1e-3, 0.0]))
    beyond = [d for d in parity(folder) if not d.within]
    assert [(d.case, d.tensor) for d in beyond] == [("case", "gate_rate")]
    assert beyond[0].largest == pytest.approx(1e-3, rel=1e-2) and beyond[0].excess > 50


def test_ids_must_be_equal_and_shapes_too(tmp_path: Path) -> None:
    folder = record(tmp_path / "recorded", RELU_TIED)
    change(folder, "greedy_ids", torch.tensor(1))
    change(folder, "logits", None)
    found = worst(parity(folder))
    assert found["greedy_ids"].largest == 1.0 and not found["greedy_ids"].within
    assert found["logits"].largest == math.inf and not found["logits"].within
    assert found["text_hidden"].within


def test_not_a_number_is_beyond_any_tolerance(tmp_path: Path) -> None:
    folder = record(tmp_path / "recorded", RELU_TIED)
    change(folder, "logits", torch.tensor(math.nan))
    assert not worst(parity(folder))["logits"].within


def test_a_folder_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    folder = record(tmp_path / "recorded", RELU_TIED)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "d_kv": 5}), encoding="utf-8")
    with pytest.raises(CheckpointError, match="says d_kv 5, the weights 4"):
        parity(folder)
    (folder / "case.inputs.safetensors").unlink()
    with pytest.raises(CheckpointError, match="no file ends in"):
        parity(folder)
    with pytest.raises(CheckpointError, match="holds no recordings"):
        parity(tmp_path)


def test_unknown_recordings_are_refused(tmp_path: Path) -> None:
    folder = record(tmp_path / "recorded", RELU_TIED)
    path = folder / "case.expected.safetensors"
    save_file({**load_file(path), "adapter_out": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match="adapter_out"):
        parity(folder)
