from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from training.text.blanks import PREFIX, write_blanks


def test_pictures_of_nothing_are_drawn_alike_each_time(tmp_path: Path) -> None:
    paths = write_blanks(tmp_path / "one", count=12)
    again = write_blanks(tmp_path / "two", count=12)
    assert len(paths) == 12 and all(path.name.startswith(PREFIX) for path in paths)
    assert [p.read_bytes() for p in paths] == [p.read_bytes() for p in again]


def test_the_first_are_white_black_and_noise(tmp_path: Path) -> None:
    white, black, noise = (np.asarray(Image.open(p)) for p in write_blanks(tmp_path, count=3))
    assert white.shape == (224, 224, 3) and white.min() == 255 and black.max() == 0
    assert noise.std() > 30
