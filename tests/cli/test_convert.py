from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner

from cli.main import app
from export.checkpoint import load_checkpoint
from models import clip_config
from models.clip_config import ClipTowerConfig
from models.clip_tower import ClipTower
from tests.support.clip import TINY, encode_image, openai_state
from tests.support.published import published_state
from tests.support.sentencepiece import SIZE, tokenizer_folder
from tests.support.umie import GATED_UNTIED


def arguments(folder: Path) -> list[str]:
    """A good call, the checkpoint written."""
    torch.save(published_state(replace(GATED_UNTIED, vocabulary=SIZE)), folder / "a.pth")
    tokenizer = tokenizer_folder(folder / "t5")
    return [
        "convert",
        str(folder / "a.pth"),
        "--tokenizer",
        str(tokenizer),
        "--out",
        str(folder / "out"),
    ]


def test_it_says_what_was_converted_and_what_was_left_behind(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*arguments(tmp_path), "--name", "mine"])
    assert result.exit_code == 0, result.output
    first, second = result.stdout.splitlines()
    for part in ("2 + 3 layers of 16", "gated-gelu", f"{SIZE} tokens", "own output", "float32"):
        assert part in first
    assert "encoder.gate.feat.weight" in second
    assert load_checkpoint(tmp_path / "out").name == "mine"


def test_the_gate_pools_as_it_is_told(tmp_path: Path) -> None:
    call = arguments(tmp_path)
    assert CliRunner().invoke(app, [*call, "--gate-pool", "all"]).exit_code == 0
    assert load_checkpoint(tmp_path / "out").model.config.gate_pool == "all"
    assert CliRunner().invoke(app, [*call, "--gate-pool", "none"]).exit_code == 2


@pytest.mark.parametrize("damage", ["cut", "foreign", "tokenizer", "twice"])
def test_whatever_is_wrong_is_one_line_and_exit_code_2(tmp_path: Path, damage: str) -> None:
    call = arguments(tmp_path)
    checkpoint = tmp_path / "a.pth"
    if damage == "cut":
        checkpoint.write_bytes(checkpoint.read_bytes()[:5000])
    elif damage == "foreign":
        torch.save({"weight": torch.zeros(3)}, checkpoint)
    elif damage == "tokenizer":
        (tmp_path / "t5" / "spiece.model").unlink()
    else:
        assert CliRunner().invoke(app, call).exit_code == 0
    result = CliRunner().invoke(app, call)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("umie convert: ") and result.stdout == ""
    assert damage == "twice" or not (tmp_path / "out").exists()


def test_a_tower_comes_with_the_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = partial(ClipTowerConfig, architecture=TINY.architecture, image_size=TINY.image_size)
    monkeypatch.setattr(clip_config, "ClipTowerConfig", small)
    save_file(openai_state(), tmp_path / "rn.safetensors")
    call = [*arguments(tmp_path), "--tower", str(tmp_path / "rn.safetensors")]
    result = CliRunner().invoke(app, call)
    assert result.exit_code == 0 and "with a CLIP tower" in result.stdout, result.output
    tower = load_checkpoint(tmp_path / "out").tower
    assert isinstance(tower, ClipTower) and tower.config.positional == "zero"
    rows = tower(torch.zeros(1, 3, 64, 64))
    torch.testing.assert_close(
        rows, encode_image(openai_state(), torch.zeros(1, 3, 64, 64), False), rtol=1e-4, atol=1e-4
    )


def test_weights_of_another_tower_are_refused(tmp_path: Path) -> None:
    save_file(openai_state(), tmp_path / "rn.safetensors")
    call = [*arguments(tmp_path), "--tower", str(tmp_path / "rn.safetensors")]
    result = CliRunner().invoke(app, call)
    assert result.exit_code == 2 and "no weights of resnet101_clip" in result.stderr
    assert not (tmp_path / "out").exists()
