from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from typer.testing import CliRunner, Result

from cli.initial_checkpoint import features_of
from cli.main import app
from export.checkpoint import (
    Checkpoint,
    load_checkpoint,
    needs_encoder,
    save_checkpoint,
    stored_weights,
)
from export.pretrained_encoder import FILE, cached
from models.config import PRESETS
from models.tower import CompactTower
from models.tower_config import TowerConfig
from tasks.tokenizer import T5Tokenizer
from tests.support.bundle import CONFIG, PROMPT, WORDS, tiny_model
from tests.support.corpora import write
from tests.support.flan import write_flan
from tests.support.mpnet import small_mpnet as small_mpnet
from tests.support.mpnet import small_standard
from tests.support.tokenizer import tiny_tokenizer
from tests.support.training import write_data, write_encoder
from training.text.adapters import add_adapters
from training.vision.features import load_features

FINE = ("--steps", "2", "--rate", "1e-3", "--dtype", "fp32")
STAGE = ("--stage", "text", "--steps", "3", "--tokens", "1500")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRESETS, "compact", CONFIG)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder in which the tower has been trained."""
    torch.manual_seed(0)
    (tmp_path / "work/vision").mkdir(parents=True)
    save_file(CompactTower(TowerConfig()).state_dict(), tmp_path / "work/vision/tower.safetensors")
    return tmp_path / "work"


@pytest.fixture
def own(tmp_path: Path) -> list[str]:
    """Own annotations as arguments."""
    rows = [
        {"text": "Ann joined ACME", "entities": [{"start": 0, "end": 3, "type": "person"}]},
        {"text": "Bob is in Oslo", "entities": [{"start": 10, "end": 14, "type": "place"}]},
    ]
    path = write(tmp_path / "own.ndjson", "".join(json.dumps(row) + "\n" for row in rows))
    ontology = write(tmp_path / "own.yaml", "name: own\nentities: [person, place]\n")
    return ["--corpus", f"mine={path}", "--ontology", str(ontology)]


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["train", *map(str, arguments)])


def trained(*arguments: object) -> Result:
    result = CliRunner().invoke(app, ["train", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def dtypes(folder: Path) -> set[str]:
    """The types of a checkpoint's weights on disk."""
    header = (folder / "umie-00001.safetensors").read_bytes()
    size = int.from_bytes(header[:8], "little")
    entries = json.loads(header[8 : 8 + size])
    return {entry["dtype"] for name, entry in entries.items() if name != "__metadata__"}


def test_the_text_stage_ends_in_a_checkpoint(work: Path, tmp_path: Path) -> None:
    data, encoder = write_data(tmp_path / "data"), write_encoder(tmp_path / "encoder", CONFIG)
    out = tmp_path / "weights"
    trained("--data", data, "--encoder", encoder, "--work", work, "--out", out, *STAGE)
    checkpoint = load_checkpoint(out)
    assert checkpoint.name == "compact" and checkpoint.model.config == CONFIG
    assert checkpoint.tower is not None and checkpoint.tower.config == TowerConfig()
    text = "Ann met Bob"
    assert checkpoint.tokenizer.encode(text) == tiny_tokenizer(WORDS).encode(text)
    assert (checkpoint.prompt.separator, checkpoint.prompt.least_region_score) == (" ", 0.1)
    assert checkpoint.about["steps"] == 3 and checkpoint.about["licence"] == "research only"
    assert "gmner: 2 read, 1 kept" in (work / "train.log").read_text(encoding="utf-8")
    assert dtypes(out) == {"F16"}


@pytest.mark.parametrize(("dtype", "stored"), [((), "BF16"), (("--dtype", "fp32"), "F32")])
def test_t5_is_trained_on_the_same_corpora(
    tmp_path: Path, dtype: tuple[str, ...], stored: str
) -> None:
    data, flan = write_data(tmp_path / "data"), write_flan(tmp_path / "flan")
    out, preset = tmp_path / "weights", ("--preset", "t5", "--encoder", flan)
    work = ("--work", tmp_path / "work")
    trained("--data", data, *preset, *work, "--out", out, *STAGE, *dtype)
    checkpoint = load_checkpoint(out)
    assert checkpoint.name == "t5" and checkpoint.model.config.d_model == 48
    assert checkpoint.model.copy_head is None and checkpoint.tower is None
    assert isinstance(checkpoint.tokenizer, T5Tokenizer)
    assert checkpoint.tokenizer.size == checkpoint.model.config.vocab_size
    assert dtypes(out) == {stored}
    assert "without" in (tmp_path / "work/train.log").read_text(encoding="utf-8")


def test_t5_with_a_tower_sees_pictures(work: Path, tmp_path: Path) -> None:
    data, flan = write_data(tmp_path / "data"), write_flan(tmp_path / "flan")
    out, preset = tmp_path / "weights", ("--preset", "t5", "--encoder", flan)
    trained("--data", data, *preset, "--work", work, "--out", out, *STAGE)
    assert load_checkpoint(out).tower is not None
    assert len(list((work / "features").glob("*/*.safetensors"))) == 2


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_a_checkpoint_goes_on_with_own_annotations(
    tmp_path: Path, own: list[str], dtype: torch.dtype
) -> None:
    """Prompts, tower and what is known about it stay as they are."""
    tower = CompactTower(TowerConfig(widths=(8,) * 7, pyramid_width=8, roi_width=4)).eval()
    tokenizer = tiny_tokenizer(WORDS)
    start = Checkpoint("mine", tiny_model(), tower, tokenizer, PROMPT, {"origin": "a garage"})
    save_checkpoint(start, tmp_path / "start", dtype)
    before = load_checkpoint(tmp_path / "start").model.state_dict()
    before = {name: value.clone() for name, value in before.items()}
    work = tmp_path / "work"
    trained("--init", tmp_path / "start", *own, "--work", work, *FINE)
    after = load_checkpoint(work / "checkpoint")
    assert (after.name, after.prompt, after.tower is not None) == ("mine", PROMPT, True)
    assert after.about == {"origin": "a garage", "steps": 2, "seed": 17}
    moved = {
        name: float((value - before[name]).abs().max())
        for name, value in after.model.state_dict().items()
    }
    assert 1e-4 < max(moved.values()) < 2e-2
    assert moved["gated_fusion.visual_in.weight"] == 0  # nothing was to be seen
    again = load_checkpoint(tmp_path / "start").model.state_dict()
    assert all(torch.equal(again[name], value) for name, value in before.items())
    log = (work / "train.log").read_text(encoding="utf-8")
    assert "mine: 2 documents" in log and "2 examples" in log


def test_a_checkpoint_of_adapters_goes_on_with_its_adapters(
    tmp_path: Path, own: list[str], small_mpnet: Path
) -> None:
    """The new checkpoint leaves MPNet out again, and only what may learn has changed."""
    cached().parent.mkdir(parents=True)
    cached().write_bytes((small_mpnet / FILE).read_bytes())
    model = small_standard(small_mpnet)
    add_adapters(model, narrow=False)
    start = Checkpoint("mine", model, None, tiny_tokenizer(WORDS), PROMPT, {})
    save_checkpoint(start, tmp_path / "start", torch.float32)
    work = tmp_path / "work"
    trained("--init", tmp_path / "start", *own, "--work", work, *FINE)
    before = stored_weights(tmp_path / "start")
    after = stored_weights(work / "checkpoint")
    assert needs_encoder(work / "checkpoint") and before.keys() == after.keys()
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert "shared.weight" not in changed
    assert any(name.endswith(".wide") for name in changed)
    load_checkpoint(work / "checkpoint")


def test_features_are_computed_once_for_a_tower(work: Path, tmp_path: Path) -> None:
    data, weights = write_data(tmp_path / "data"), work / "vision/tower.safetensors"
    tower = CompactTower(TowerConfig()).eval()
    photos, portraits = paths = features_of(data, work / "features", tower, weights)
    assert load_features(photos).names == ["0.png", "1.png", "2.png"]
    assert load_features(portraits).names == ["A1.jpg"]
    made = [path.stat().st_mtime_ns for path in paths]
    assert features_of(data, work / "features", tower, weights) == paths
    assert [path.stat().st_mtime_ns for path in paths] == made
    save_file(CompactTower(TowerConfig()).state_dict(), weights)
    others = features_of(data, work / "features", tower, weights)
    assert not set(others) & set(paths) and all(path.exists() for path in (*paths, *others))


def test_the_standard_preset_has_features_of_posts_and_blank_images(
    work: Path, tmp_path: Path
) -> None:
    data, weights = write_data(tmp_path / "data"), work / "vision/tower.safetensors"
    (data / "posts/images").mkdir(parents=True)
    (data / "posts/images/7.jpg").write_bytes((data / "congress/images/A1.jpg").read_bytes())
    tower = CompactTower(TowerConfig()).eval()
    *_, posts, blanks = features_of(data, work / "features", tower, weights, posts=True)
    assert load_features(posts).names == ["7.jpg"]
    assert all(name.startswith("blank-") for name in load_features(blanks).names)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give --data, or --corpus"),
        (("--stage", "vision"), "give --data"),
        (("--corpus", "a=b.ndjson"), "--ontology"),
        (("--corpus", "ab", "--ontology", "o.yaml"), "not NAME=FILE"),
        (("--data", ".", "--preset", "t5"), "give --encoder"),
        (("--data", ".", "--preset", "huge"), "'huge' is not one of"),
    ],
)
def test_arguments_that_make_no_sense_are_told(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = call("--work", tmp_path, *arguments)
    assert result.exit_code == 2 and message in " ".join(result.stderr.replace("│", "").split())


def test_a_preset_by_size_wants_that_size(tmp_path: Path) -> None:
    flan = write_flan(tmp_path / "flan")
    result = call("--data", tmp_path, "--preset", "base", "--encoder", flan, "--work", tmp_path)
    assert result.exit_code == 2
    assert "umie train: " in result.stderr and "not the sizes of base" in result.stderr


def test_what_is_wrong_with_own_annotations_is_told_in_a_line(
    tmp_path: Path, own: list[str]
) -> None:
    (tmp_path / "own.ndjson").write_text('{"text": 3}\n', encoding="utf-8")
    result = call("--work", tmp_path, *own)
    assert result.exit_code == 2
    assert "own.ndjson:1: text: Input should be a valid string" in result.stderr.splitlines()[-1]


def test_what_is_missing_is_told_by_help() -> None:
    result = call("--help")
    assert result.exit_code == 0 and "--data" in result.stdout and "--resume" in result.stdout
