from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from service.vision.decoding import check_bytes, decode, digest_of, open_file
from tasks.errors import ImageDamaged, ImageTooLarge, ImageUnsupported
from tests.service.fakes import picture_bytes
from tests.support.heic_files import heic

MAX_PIXELS = 1_000_000


def _file(image: Image.Image, file_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def _bomb(side: int) -> bytes:
    """A PNG whose header promises side x side pixels; its data are none."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("mode", "colour", "file_format", "expected"),
    [
        ("1", 1, "PNG", (255, 255, 255)),
        ("L", 200, "PNG", (200, 200, 200)),
        ("RGB", (10, 20, 30), "PNG", (10, 20, 30)),
        ("RGBA", (10, 20, 30, 0), "PNG", (255, 255, 255)),
        ("RGBA", (10, 20, 30, 255), "PNG", (10, 20, 30)),
        ("LA", (200, 0), "PNG", (255, 255, 255)),
        ("I;16", 200 * 257, "PNG", (200, 200, 200)),
        ("RGBA", (0, 0, 0, 0), "WEBP", (255, 255, 255)),
        ("CMYK", (0, 255, 255, 0), "JPEG", (255, 0, 0)),
        ("L", 99, "JPEG", (99, 99, 99)),
    ],
)
def test_every_mode_becomes_rgb(
    mode: str, colour: Any, file_format: str, expected: tuple[int, int, int]
) -> None:
    picture = decode(
        picture_bytes((8, 4), mode=mode, colour=colour, file_format=file_format),
        max_pixels=MAX_PIXELS,
    )
    assert picture.image.mode == "RGB"
    assert (picture.width, picture.height) == (8, 4)
    assert np.abs(np.asarray(picture.image, dtype=int) - expected).max() <= 2


def test_a_palette_may_have_a_transparent_colour() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([255, 0, 0] + [0] * 765)
    opaque = decode(_file(image, "PNG"), max_pixels=MAX_PIXELS)
    clear = decode(_file(image, "PNG", transparency=0), max_pixels=MAX_PIXELS)
    assert opaque.image.getpixel((1, 1)) == (255, 0, 0)
    assert clear.image.getpixel((1, 1)) == (255, 255, 255)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_pictures_are_turned_upright(file_format: str) -> None:
    image = Image.new("RGB", (40, 20), "black")
    image.paste("white", (0, 0, 10, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = decode(_file(image, file_format, exif=exif), max_pixels=MAX_PIXELS)
    assert (picture.width, picture.height) == picture.image.size == (20, 40)
    top, bottom = picture.image.getpixel((10, 4)), picture.image.getpixel((10, 35))
    assert isinstance(top, tuple) and isinstance(bottom, tuple)
    assert top[0] > 240 and bottom[0] < 15


@pytest.mark.parametrize("data", [b"", b"just a text", _file(Image.new("L", (4, 4)), "PPM")])
def test_other_files_are_unsupported(data: bytes) -> None:
    with pytest.raises(ImageUnsupported, match="JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC"):
        decode(data, max_pixels=MAX_PIXELS)


@pytest.mark.parametrize(
    "file_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "MPO"]
)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_cut_file_is_damaged(file_format: str, share: float) -> None:
    noise = Image.effect_noise((64, 48), 80).convert("RGB")
    data = heic("noise-RGB") if file_format == "HEIF" else _file(noise, file_format)
    with pytest.raises(ImageDamaged):
        decode(data[: max(16, int(len(data) * share))], max_pixels=MAX_PIXELS)


@pytest.mark.parametrize("side", [1001, 10_000, 14_000, 60_000])
def test_pixels_are_counted_before_they_are_decoded(side: int) -> None:
    with pytest.raises(ImageTooLarge) as caught:
        decode(_bomb(side), max_pixels=MAX_PIXELS)
    assert caught.value.limit == MAX_PIXELS


def test_bytes_are_counted() -> None:
    check_bytes(b"1234", 4)
    with pytest.raises(ImageTooLarge) as caught:
        check_bytes(b"12345", 4)
    assert caught.value.limit == 4


def test_the_digest_names_the_content() -> None:
    assert digest_of(b"a") == digest_of(b"a") != digest_of(b"b")


def test_a_large_picture_is_reduced_and_tells_its_own_size() -> None:
    data = picture_bytes((900, 600), colour="teal", file_format="JPEG")
    file = open_file(data, max_pixels=MAX_PIXELS, least_sides=lambda width, height: (100, 100))
    assert file.pixels == 225 * 150
    picture = file.load()
    assert (picture.width, picture.height) == (900, 600) and picture.image.size == (225, 150)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_a_reduced_picture_shows_the_same(mode: str, file_format: str) -> None:
    if (mode, file_format) == ("RGBA", "JPEG"):
        mode = "CMYK"
    ramp = Image.linear_gradient("L").resize((640, 480)).convert(mode)
    data = _file(ramp, file_format, quality=95)
    whole = decode(data, max_pixels=MAX_PIXELS).image
    small = decode(data, max_pixels=MAX_PIXELS, least_sides=lambda w, h: (96, 96)).image
    assert small.width in range(96, 193) and small.mode == "RGB"
    views = [np.asarray(image.resize((32, 32)), dtype=int) for image in (whole, small)]
    assert np.abs(views[0] - views[1]).max() <= 3


def test_a_picture_on_its_side_keeps_what_is_needed_when_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = _file(Image.new("RGB", (800, 200)), "JPEG", exif=exif)
    asked: list[tuple[int, int]] = []

    def least_sides(width: int, height: int) -> tuple[int, int]:
        asked.append((width, height))
        return 50, 200

    picture = decode(data, max_pixels=MAX_PIXELS, least_sides=least_sides)
    assert set(asked) == {(200, 800)}
    assert (picture.width, picture.height, picture.image.size) == (200, 800, (50, 200))


@pytest.mark.parametrize("progressive", [False, True])
def test_a_progressive_jpeg_costs_all_its_pixels(progressive: bool) -> None:
    data = _file(Image.new("RGB", (800, 800)), "JPEG", progressive=progressive)
    file = open_file(data, max_pixels=MAX_PIXELS, least_sides=lambda width, height: (100, 100))
    assert file.pixels == (640_000 if progressive else 10_000)


def test_a_jpeg_with_a_film_behind_it_is_a_picture() -> None:
    film = b"\0\0\0\x18ftypmp42" + b"\xff\xda\x00\x01" * 5000 + b"\xff\xc0\xff\xd8"
    data = picture_bytes((64, 48), colour="teal", file_format="JPEG")
    assert decode(data + film, max_pixels=MAX_PIXELS).width == 64


def test_what_looks_like_scans_in_a_webp_is_none() -> None:
    data = picture_bytes((64, 48), colour="teal", file_format="WEBP", xmp=b"\xff\xda" * 5000)
    assert decode(data, max_pixels=MAX_PIXELS).width == 64
