from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from cli.main import app
from cli.train import features_of
from export.checkpoint import load_checkpoint
from models.config import PRESETS
from models.tower import CompactTower
from models.tower_config import TowerConfig
from tests.support.bundle import CONFIG, WORDS
from tests.support.tokenizer import tiny_tokenizer
from tests.support.training import write_data, write_encoder
from training.vision.features import load_features


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder in which the tower has been trained."""
    torch.manual_seed(0)
    (tmp_path / "work/vision").mkdir(parents=True)
    save_file(CompactTower(TowerConfig()).state_dict(), tmp_path / "work/vision/tower.safetensors")
    return tmp_path / "work"


def test_the_text_stage_ends_in_a_checkpoint(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PRESETS, "compact", CONFIG)
    folders = {
        "data": write_data(tmp_path / "data"),
        "encoder": write_encoder(tmp_path / "encoder", CONFIG),
        "work": work,
        "out": tmp_path / "weights",
    }
    arguments = [part for name, path in folders.items() for part in (f"--{name}", str(path))]
    sizes = ["--stage", "text", "--steps", "3", "--tokens", "1500"]
    result = CliRunner().invoke(app, ["train", *arguments, *sizes], catch_exceptions=False)
    assert result.exit_code == 0
    checkpoint = load_checkpoint(tmp_path / "weights")
    assert checkpoint.name == "compact" and checkpoint.model.config == CONFIG
    assert checkpoint.tower is not None and checkpoint.tower.config == TowerConfig()
    text = "Ann met Bob"
    assert checkpoint.tokenizer.encode(text) == tiny_tokenizer(WORDS).encode(text)
    assert (checkpoint.prompt.separator, checkpoint.prompt.least_region_score) == (" ", 0.1)
    assert checkpoint.about["steps"] == 3
    assert "gmner: 2 read, 1 kept" in (work / "train.log").read_text(encoding="utf-8")


def test_features_are_computed_anew_where_the_tower_is_newer(work: Path, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    photos, portraits = paths = features_of(data, work)
    assert load_features(photos).names == ["0.png", "1.png", "2.png"]
    assert load_features(portraits).names == ["A1.jpg"]
    made = [path.stat().st_mtime_ns for path in paths]
    assert features_of(data, work) == paths
    assert [path.stat().st_mtime_ns for path in paths] == made
    later = max(made) + 10**9
    os.utime(work / "vision/tower.safetensors", ns=(later, later))
    before = photos.read_bytes()
    photos.write_bytes(b"of another tower")
    features_of(data, work)
    assert photos.read_bytes() == before


def test_what_is_missing_is_told_by_help() -> None:
    result = CliRunner().invoke(app, ["train", "--help"])
    assert result.exit_code == 0 and "--data" in result.stdout and "--resume" in result.stdout
