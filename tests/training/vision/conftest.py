"""A made-up folder of photos in the layout of the reader."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def _record(name: str, split: str) -> dict[str, object]:
    return {
        "image": name,
        "split30k": split,
        "orig_size": [64, 64],
        "captions": [
            {
                "text": "A red square on grey",
                "phrases": [{"chain": "1", "types": ["people"], "start": 0, "end": 12}],
            }
        ],
        "boxes": [
            {"chains": ["1"], "box": [0.25, 0.25, 0.75, 0.75]},
            {"chains": ["2"], "box": [0.0, 0.5, 1.0, 1.0]},
        ],
        "scene_chains": [],
        "nobox_chains": [],
    }


@pytest.fixture
def photo_folder(tmp_path: Path) -> Path:
    """Six training and two validation photos: a red square on noise."""
    folder = tmp_path / "photos"
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    records = []
    for index in range(8):
        values = rng.integers(100, 140, (64, 64, 3), dtype=np.uint8)
        values[16:48, 16:48] = (220, 20, 20)
        name = f"{index}.png"
        Image.fromarray(values).save(folder / "images" / name)
        records.append(_record(name, "train" if index < 6 else "val"))
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "grounded.jsonl").write_text(lines, encoding="utf-8")
    return folder
