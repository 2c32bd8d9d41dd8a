"""Regions and feature rows of stored pictures, computed once by a trained tower."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor
from tqdm import tqdm

from models.pixels import pixels_from_image
from models.tower import CompactTower
from models.tower_config import TowerConfig

PICTURE_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


class StoredFeatures(NamedTuple):
    """The tower's outputs for N pictures.

    ``names`` are file names; ``boxes`` (N, 36, 4) float32 xyxy in 0..1, ``labels`` (N, 36)
    int64, ``scores`` (N, 36) float32, ``features`` (N, 37, 512) float16.
    """

    names: list[str]
    boxes: Tensor
    labels: Tensor
    scores: Tensor
    features: Tensor


def load_tower(weights: Path, config: TowerConfig | None = None) -> CompactTower:
    """The tower with the weights of a safetensors file, ready for inference."""
    tower = CompactTower(config or TowerConfig())
    tower.load_state_dict(load_file(weights))
    return tower.eval()


def picture_paths(folder: Path) -> list[Path]:
    """The pictures of a folder, by name."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURE_SUFFIXES)


def extract_features(
    tower: CompactTower, paths: Sequence[Path], batch_size: int = 32
) -> StoredFeatures:
    """Run the tower over picture files of any size."""
    device = next(tower.parameters()).device
    parts: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    for start in tqdm(range(0, len(paths), batch_size), desc="features"):
        pictures = [_pixels(path, tower.config) for path in paths[start : start + batch_size]]
        pixels = torch.from_numpy(np.stack(pictures)).to(device)
        with torch.inference_mode():
            boxes, labels, scores, features = tower(
                pixels.contiguous(memory_format=torch.channels_last)
            )
        parts.append((boxes.cpu(), labels.cpu(), scores.cpu(), features.half().cpu()))
    columns = [torch.cat(column) for column in zip(*parts, strict=True)]
    return StoredFeatures([path.name for path in paths], *columns)


def save_features(stored: StoredFeatures, path: Path) -> None:
    """Write to one safetensors file; the names are a JSON list in its metadata."""
    tensors = {name: getattr(stored, name).contiguous() for name in StoredFeatures._fields[1:]}
    save_file(tensors, path, metadata={"names": json.dumps(stored.names)})


def load_features(path: Path) -> StoredFeatures:
    """Read what :func:`save_features` wrote."""
    with safe_open(path, framework="pt") as file:
        names: list[str] = json.loads(file.metadata()["names"])
        return StoredFeatures(names, *(file.get_tensor(n) for n in StoredFeatures._fields[1:]))


def _pixels(path: Path, config: TowerConfig) -> np.ndarray:
    with Image.open(path) as image:
        return pixels_from_image(image, config)


def main() -> None:
    """``python -m training.vision.features``: extract the features of a folder of pictures."""
    parser = argparse.ArgumentParser(prog="training.vision.features")
    parser.add_argument("--weights", type=Path, required=True, help="safetensors of the tower")
    parser.add_argument("--images", type=Path, required=True, help="folder of pictures")
    parser.add_argument("--output", type=Path, required=True, help="safetensors file to write")
    arguments = parser.parse_args()
    tower = load_tower(arguments.weights)
    stored = extract_features(tower, picture_paths(arguments.images))
    save_features(stored, arguments.output)


if __name__ == "__main__":
    main()
