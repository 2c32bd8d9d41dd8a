from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from export.parity import Difference, parity, worst
from export.published import from_published, published_names
from export.state_file import read_state
from models.config import PRESETS

TENSORS = 19
CASES = 3


@pytest.mark.parametrize("name", ["A1_gated_untied", "A2_relu_tied"])
def test_every_recorded_tensor_is_reproduced(fixtures: Path, name: str) -> None:
    differences = parity(fixtures / name)
    assert len(differences) == TENSORS * CASES
    assert [d for d in differences if not d.within] == []


def test_the_worst_difference_of_a_tensor_is_kept() -> None:
    differences = [Difference("a", "x", 2.0, 0.1), Difference("b", "x", 1.0, 0.9)]
    assert worst(differences)["x"].case == "b"


@pytest.mark.parametrize("name", ["A1_gated_untied", "A2_relu_tied"])
def test_the_trainer_s_file_holds_what_the_recording_holds(fixtures: Path, name: str) -> None:
    config, weights, _ = from_published(read_state(fixtures / name / "Base-Epoch00.pth"))
    other, expected, _ = from_published(load_file(fixtures / name / "state_dict.safetensors"))
    assert config == other
    assert all(torch.equal(weights[key], expected[key]) for key in expected)


def test_names_are_those_of_the_published_base_model(fixtures: Path) -> None:
    lines = (fixtures.parent / "flan_t5_base_state_dict_keys.tsv").read_text("utf-8").splitlines()
    listed = {line.split("\t")[0] for line in lines[1:]}
    names = set(published_names(PRESETS["base"]).values())
    assert names <= listed
    left = listed - names
    aliases = {key for key in left if "embed_tokens" in key or "obj_order" in key}
    assert len(aliases) == 3
    assert left - aliases == {
        "encoder.gate.feat.weight",
        *(f"proj_{side}.weight" for side in ("t", "v", "t_2", "v_2")),
    }
