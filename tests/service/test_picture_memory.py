from __future__ import annotations

from pathlib import Path

from PIL import Image

from service.settings import BYTES_PER_PIXEL, Settings
from tests.support.memory import peak_mib

MIB = 1024 * 1024
STATED_MIB = Settings().max_decoded_pixels * BYTES_PER_PIXEL // MIB
SIZE = (7000, 5700)


def test_sixteen_large_jpegs_at_once_are_never_decoded_whole(tmp_path: Path) -> None:
    file = tmp_path / "red.jpg"
    Image.new("RGB", SIZE, "red").save(file)
    assert peak_mib(file, 16) < 200


def test_the_dearest_kind_of_file_stays_within_the_stated_peak(tmp_path: Path) -> None:
    file = tmp_path / "red.webp"
    Image.new("RGBA", SIZE, "red").save(file, lossless=True, quality=0, method=0)
    assert peak_mib(file, 3) < STATED_MIB + 64
