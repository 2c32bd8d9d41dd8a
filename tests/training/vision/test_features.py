from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.pixels import pixels_from_image
from models.tower import CompactTower
from models.tower_config import TowerConfig
from training.vision.features import (
    extract_features,
    load_features,
    load_tower,
    picture_paths,
    save_features,
)

SMALL = TowerConfig(
    image_size=64, widths=(8, 8, 8, 8, 8, 8, 8), depths=(1, 1, 1, 1, 1, 1, 1), pyramid_width=8
)


@pytest.fixture
def tower() -> CompactTower:
    torch.manual_seed(0)
    return CompactTower(SMALL).eval()


def test_features_survive_the_file(tower: CompactTower, photo_folder: Path, tmp_path: Path) -> None:
    stored = extract_features(tower, picture_paths(photo_folder / "images"), batch_size=3)
    assert stored.names == [f"{index}.png" for index in range(8)]
    assert stored.boxes.shape == (8, 36, 4)
    assert stored.features.shape == (8, 37, 512)
    assert stored.features.dtype == torch.float16
    save_features(stored, tmp_path / "features.safetensors")
    loaded = load_features(tmp_path / "features.safetensors")
    assert loaded.names == stored.names
    for mine, theirs in zip(stored[1:], loaded[1:], strict=True):
        assert torch.equal(mine, theirs)


def test_features_equal_the_tower_on_one_picture(tower: CompactTower, photo_folder: Path) -> None:
    from PIL import Image

    paths = picture_paths(photo_folder / "images")
    stored = extract_features(tower, paths, batch_size=8)
    pixels = torch.from_numpy(pixels_from_image(Image.open(paths[2]), SMALL))[None]
    with torch.inference_mode():
        features = tower(pixels)[3]
    torch.testing.assert_close(stored.features[2].float(), features[0], rtol=1e-2, atol=1e-2)


def test_weights_are_read_from_safetensors(tower: CompactTower, tmp_path: Path) -> None:
    save_file(tower.state_dict(), tmp_path / "tower.safetensors")
    again = load_tower(tmp_path / "tower.safetensors", SMALL)
    assert not again.training
    torch.testing.assert_close(again.state_dict(), tower.state_dict())
