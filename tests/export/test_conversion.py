from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from export.checkpoint import load_checkpoint
from export.conversion import read_published, write_converted
from models.umie import UMIE
from tasks.errors import CheckpointError
from tests.support.converted import GATED, RELU, published_file
from tests.support.published import Sizes, published_state
from tests.support.sentencepiece import tokenizer_folder
from tests.support.umie import RELU_TIED


@pytest.mark.parametrize("sizes", [GATED, RELU], ids=["gated", "relu"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_converted_checkpoint_loads_with_every_value_as_it_was(
    tmp_path: Path, sizes: Sizes, dtype: torch.dtype
) -> None:
    path = published_file(tmp_path / "Base-Epoch29.pth", sizes, dtype)
    folder = tokenizer_folder(tmp_path / "t5")
    conversion = read_published(path, folder, "mine")
    assert conversion.dtype == dtype and "encoder.gate.feat.weight" in conversion.unused
    write_converted(conversion, tmp_path / "deep" / "out")
    loaded = load_checkpoint(tmp_path / "deep" / "out")
    assert loaded.tower is None and loaded.name == "mine"
    assert loaded.about == {"converted_from": "Base-Epoch29.pth"}
    assert loaded.tokenizer.markers == conversion.checkpoint.tokenizer.markers
    before, after = conversion.checkpoint.model.state_dict(), loaded.model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name].float(), after[name]) for name in before)
    assert {tensor.dtype for tensor in before.values()} == {dtype}
    assert not loaded.model.training


def test_files_keep_the_checkpoint_s_precision(tmp_path: Path) -> None:
    path = published_file(tmp_path / "a.pth", RELU, torch.bfloat16)
    conversion = read_published(path, tokenizer_folder(tmp_path / "t5"), "mine")
    write_converted(conversion, tmp_path / "out")
    with safe_open(tmp_path / "out" / "umie-00001.safetensors", "pt") as file:
        names = list(file.keys())
        assert {file.get_tensor(name).dtype for name in names} == {torch.bfloat16}
    assert not (tmp_path / "out" / "tower.safetensors").exists()
    config = json.loads((tmp_path / "out" / "config.json").read_text(encoding="utf-8"))
    assert config["tower"] is None and config["prompt"]["separator"] == ""
    assert config["umie"]["gate_pool"] == "masked"


def test_the_gate_may_average_over_padding_as_published(tmp_path: Path) -> None:
    path = published_file(tmp_path / "a.pth", RELU)
    conversion = read_published(path, tokenizer_folder(tmp_path / "t5"), "mine", "all")
    write_converted(conversion, tmp_path / "out")
    assert load_checkpoint(tmp_path / "out").model.config.gate_pool == "all"


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    path = published_file(tmp_path / "a.pth", RELU)
    conversion = read_published(path, tokenizer_folder(tmp_path / "t5"), "mine")
    kept = tmp_path / "out" / "precious.txt"
    kept.parent.mkdir()
    kept.write_text("mine", encoding="utf-8")
    with pytest.raises(CheckpointError, match="left as it is"):
        write_converted(conversion, tmp_path / "out")
    assert kept.read_text(encoding="utf-8") == "mine"
    kept.unlink()
    write_converted(conversion, tmp_path / "out")  # an empty folder will do
    assert isinstance(load_checkpoint(tmp_path / "out").model, UMIE)


def test_mixed_precision_is_refused(tmp_path: Path) -> None:
    state = published_state(RELU)
    state["decoder.final_layer_norm.weight"] = state["decoder.final_layer_norm.weight"].half()
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="mixes precisions"):
        read_published(tmp_path / "a.pth", tokenizer_folder(tmp_path / "t5"), "mine")


def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    torch.save(published_state(RELU_TIED), tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="the checkpoint 50 token embeddings"):
        read_published(tmp_path / "a.pth", tokenizer_folder(tmp_path / "t5"), "mine")


@pytest.mark.parametrize("damage", ["config.json", "umie-00001.safetensors", "tokenizer.json"])
def test_a_damaged_folder_is_refused(tmp_path: Path, damage: str) -> None:
    path = published_file(tmp_path / "a.pth", RELU)
    write_converted(
        read_published(path, tokenizer_folder(tmp_path / "t5"), "mine"), tmp_path / "out"
    )
    data = (tmp_path / "out" / damage).read_bytes()
    (tmp_path / "out" / damage).write_bytes(data[: len(data) // 2])
    with pytest.raises(CheckpointError, match="no usable checkpoint"):
        load_checkpoint(tmp_path / "out")
