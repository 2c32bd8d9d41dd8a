from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from export import checkpoint as module
from export.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from tasks.errors import CheckpointError
from tests.support.bundle import TOWER, tiny_checkpoint


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return tiny_checkpoint()


@pytest.fixture
def folder(checkpoint: Checkpoint, tmp_path: Path) -> Path:
    save_checkpoint(checkpoint, tmp_path / "saved")
    return tmp_path / "saved"


def rounded(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n: t.half().float() if t.is_floating_point() else t for n, t in weights.items()}


def test_what_is_saved_is_loaded_in_half_precision(checkpoint: Checkpoint, folder: Path) -> None:
    loaded = load_checkpoint(folder)
    assert loaded.tower is not None and checkpoint.tower is not None
    for was, now in ((checkpoint.model, loaded.model), (checkpoint.tower, loaded.tower)):
        expected = rounded(was.state_dict())
        assert now.state_dict().keys() == expected.keys()
        for name, weight in now.state_dict().items():
            assert weight.dtype == expected[name].dtype
            assert torch.equal(weight, expected[name]), name
        assert not now.training
    assert loaded.model.config == checkpoint.model.config
    assert loaded.tower.config == checkpoint.tower.config
    assert (loaded.name, loaded.prompt, loaded.about) == (
        checkpoint.name,
        checkpoint.prompt,
        checkpoint.about,
    )
    text = "Ann [SEP] met Bob"
    assert loaded.tokenizer.encode(text) == checkpoint.tokenizer.encode(text)
    assert loaded.tokenizer.markers == checkpoint.tokenizer.markers


def test_saving_what_was_loaded_changes_no_file(folder: Path, tmp_path: Path) -> None:
    save_checkpoint(load_checkpoint(folder), tmp_path / "again")
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "again").iterdir())
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_large_weights_are_written_in_shards(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 100_000
    monkeypatch.setattr(module, "SHARD_BYTES", most)
    save_checkpoint(checkpoint, tmp_path)
    shards = sorted(tmp_path.glob("umie-*.safetensors"))
    assert len(shards) > 3
    for shard in shards:
        assert sum(t.nbytes for t in load_file(shard).values()) <= most
    whole = rounded(checkpoint.model.state_dict())
    loaded = load_checkpoint(tmp_path).model.state_dict()
    assert all(torch.equal(loaded[name], weight) for name, weight in whole.items())
    shards[1].unlink()
    with pytest.raises(CheckpointError):
        load_checkpoint(tmp_path)


def test_shards_of_an_earlier_checkpoint_do_not_stay(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(module, "SHARD_BYTES", 100_000)
        save_checkpoint(tiny_checkpoint(seed=1), tmp_path)
    save_checkpoint(checkpoint, tmp_path)
    assert len(list(tmp_path.glob("umie-*"))) == 1
    weight = load_checkpoint(tmp_path).model.shared.weight
    assert torch.equal(weight, checkpoint.model.shared.weight.half().float())


def test_a_checkpoint_may_have_no_tower(checkpoint: Checkpoint, tmp_path: Path) -> None:
    save_checkpoint(replace(checkpoint, tower=None), tmp_path)
    assert not (tmp_path / "tower.safetensors").exists()
    assert load_checkpoint(tmp_path).tower is None


def test_a_tower_is_compact_where_its_kind_is_not_told(folder: Path) -> None:
    reconfigure(folder, lambda config: config["tower"].pop("kind"))
    tower = load_checkpoint(folder).tower
    assert tower is not None and tower.config == TOWER


def test_a_tower_of_another_kind_is_a_checkpoint_error(folder: Path) -> None:
    reconfigure(folder, lambda config: config["tower"].update(kind="eye"))
    with pytest.raises(CheckpointError, match="'eye' is no kind of visual tower"):
        load_checkpoint(folder)


FILES = ("config.json", "tokenizer.json", "tower.safetensors", "umie-00001.safetensors")


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_a_checkpoint_error(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match="saved"):
        load_checkpoint(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kept", [0, 100, 5000])
def test_a_file_that_is_cut_off_is_a_checkpoint_error(folder: Path, name: str, kept: int) -> None:
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: min(kept, len(data) - 3)])
    with pytest.raises(CheckpointError):
        load_checkpoint(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_foreign_file_is_a_checkpoint_error(folder: Path, name: str) -> None:
    foreign = b'{"some": "thing else"}' if name.endswith("json") else b"\xff" * 64
    (folder / name).write_bytes(foreign)
    with pytest.raises(CheckpointError):
        load_checkpoint(folder)


def test_weights_of_another_size_are_a_checkpoint_error(folder: Path) -> None:
    reconfigure(folder, lambda config: config["umie"].update(d_ff=65))
    with pytest.raises(CheckpointError, match="size mismatch"):
        load_checkpoint(folder)


def reconfigure(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    change(config)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


@pytest.mark.parametrize("key", ["name", "umie", "tower", "prompt"])
def test_a_configuration_without_a_field_is_a_checkpoint_error(folder: Path, key: str) -> None:
    reconfigure(folder, lambda config: config.pop(key))
    with pytest.raises(CheckpointError, match=key):
        load_checkpoint(folder)


@pytest.mark.parametrize("key", ["umie", "tower", "prompt"])
@pytest.mark.parametrize("value", ["nothing of the kind", [], {"unknown": 1}])
def test_a_configuration_that_makes_no_sense_is_a_checkpoint_error(
    folder: Path, key: str, value: object
) -> None:
    reconfigure(folder, lambda config: config.update({key: value}))
    with pytest.raises(CheckpointError):
        load_checkpoint(folder)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere"):
        load_checkpoint(tmp_path / "nowhere")


def test_whoever_may_read_the_folder_may_read_its_files(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    assert all(path.stat().st_mode & 0o444 == 0o444 for path in copy.glob("*.safetensors"))
