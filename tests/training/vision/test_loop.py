from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.tower_config import TowerConfig
from tasks.errors import CheckpointError
from tests.support.planted import Planted
from training.flickr8k import read_photos
from training.vision.dataset import texts_of
from training.vision.features import load_tower
from training.vision.loop import VisionOptions, rate_at, size_at, train_vision
from training.vision.phrases import cache_path

# Convolutions of 8 channels crash some builds of oneDNN on several threads.
SMALL = TowerConfig(
    image_size=64,
    widths=(16, 16, 16, 16, 16, 16, 16),
    depths=(1, 1, 1, 1, 1, 1, 1),
    pyramid_width=16,
)


@pytest.fixture
def options(photo_folder: Path, tmp_path: Path) -> VisionOptions:
    cache = tmp_path / "cache"
    cache.mkdir()
    photos = [*read_photos(photo_folder, "train"), *read_photos(photo_folder, "val")]
    texts = texts_of(photos)
    embeddings = torch.nn.functional.normalize(torch.randn(len(texts), 384), dim=-1)
    save_file({"embeddings": embeddings.half()}, cache_path(texts, cache))
    return VisionOptions(
        data=photo_folder,
        output=tmp_path / "run",
        cache=cache,
        epochs=2,
        batch_size=3,
        warmup_steps=1,
        sizes=((0.5, 32), (1.0, 64)),
        tower=SMALL,
    )


def test_training_writes_weights_that_load_and_metrics(options: VisionOptions) -> None:
    path = train_vision(options)
    assert load_tower(path, SMALL).config == SMALL
    metrics = json.loads((options.output / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["epoch"] == 1
    assert 0 <= metrics["recall_all"] <= 1


def test_a_resumed_training_ends_like_an_uninterrupted_one(
    options: VisionOptions, tmp_path: Path
) -> None:
    whole = load_file(train_vision(options))
    halves = replace(options, output=tmp_path / "halves", stop_after=1)
    train_vision(halves)
    resumed = load_file(train_vision(replace(halves, stop_after=None, resume=True)))
    torch.testing.assert_close(resumed, whole)


def test_the_learning_rate_warms_up_and_falls() -> None:
    rates = [rate_at(step, 100, 10) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == pytest.approx(1.0)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 0.02


def test_pictures_grow_with_the_training() -> None:
    sizes = ((0.5, 64), (1.0, 128))
    assert [size_at(done, sizes) for done in (0.0, 0.49, 0.5, 1.0)] == [64, 64, 128, 128]


def test_resuming_runs_no_code_of_the_folder(options: VisionOptions, tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    options.output.mkdir(parents=True, exist_ok=True)
    torch.save({"epoch": 0, "rng": Planted(planted)}, options.output / "checkpoint.pt")
    with pytest.raises(CheckpointError, match="a saved training state cannot have"):
        train_vision(replace(options, resume=True))
    assert not planted.exists()
