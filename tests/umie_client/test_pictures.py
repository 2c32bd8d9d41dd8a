from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from tests.support.heic_files import heic
from tests.umie_client.samples import file_of, sideways
from umie_client.errors import ImageUnreadable
from umie_client.pictures import data_of, kept, opened, png_of, upright

MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"]


@pytest.mark.parametrize("mode", [*MODES, "I", "F", "I;16"])
def test_every_mode_can_be_sent_and_drawn_on(mode: str) -> None:
    image = Image.new(mode, (3, 2))
    assert opened(png_of(image)).size == (3, 2)
    assert upright(image).mode == "RGB"


def test_what_is_sent_stands_upright() -> None:
    picture = kept(sideways())
    assert isinstance(picture, bytes)
    with Image.open(io.BytesIO(picture)) as image:
        assert image.size == (20, 40)
        assert image.getexif().get(0x0112) is None


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_file_is_opened_upright(kind: str) -> None:
    image = sideways()
    data = file_of(image, kind, exif=image.getexif())
    assert opened(data).size == (20, 40)


def test_a_file_of_a_phone_is_opened() -> None:
    assert opened(heic("orientation-6")).size == (64, 32)


def test_transparency_is_laid_on_white() -> None:
    clear = Image.new("RGBA", (1, 1), (10, 20, 30, 0))
    assert upright(clear).getpixel((0, 0)) == (255, 255, 255)


def test_sixteen_bits_of_grey_are_scaled() -> None:
    grey = Image.new("I;16", (1, 1), 128 * 256)
    assert upright(grey).getpixel((0, 0)) == (128, 128, 128)


def test_a_copy_is_drawn_on() -> None:
    image = Image.new("RGB", (1, 1), "red")
    upright(image).putpixel((0, 0), (0, 0, 0))
    assert image.getpixel((0, 0)) == (255, 0, 0)


def test_a_path_is_kept_as_a_path(tmp_path: Path) -> None:
    file = tmp_path / "picture.png"
    assert kept(str(file)) == kept(file) == file
    with pytest.raises(ImageUnreadable, match=r"cannot read .*picture\.png"):
        data_of(file)
    file.write_bytes(b"data")
    assert data_of(file) == b"data"


def bomb() -> bytes:
    """A PNG file whose header promises more pixels than Pillow opens."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", len(header)) + b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", zlib.crc32(b"IHDR" + header))


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n", bomb()])
def test_what_is_no_picture_is_told(data: bytes) -> None:
    with pytest.raises(ImageUnreadable, match="cannot be decoded"):
        opened(data)


def test_half_a_picture_is_told() -> None:
    data = file_of(Image.effect_noise((64, 64), 50))
    with pytest.raises(ImageUnreadable, match="cannot be decoded"):
        opened(data[: len(data) // 2])


def test_a_picture_without_pixels_is_told() -> None:
    with pytest.raises(ImageUnreadable, match="PNG"):
        png_of(Image.new("RGB", (0, 4)))
