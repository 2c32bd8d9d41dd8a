"""Images of every format, whole and broken: each is decoded or rejected, and quickly."""

from __future__ import annotations

import io
import random
import struct
import time
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from service.vision.decoding import decode
from tasks.errors import ImageDamaged, ImageError, ImageTooLarge, ImageUnsupported
from tests.service.fakes import TEXT, still_works, upload
from tests.support.heic_files import heic

MAX_PIXELS = 200_000
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
MODES = {
    "JPEG": ("1", "L", "RGB", "CMYK", "YCbCr"),
    "MPO": ("L", "RGB"),
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "WEBP": ("L", "P", "RGB", "RGBA"),
    "GIF": ("1", "L", "P", "RGB", "RGBA"),
    "BMP": ("1", "L", "P", "RGB", "RGBA"),
    "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"),
    "AVIF": ("L", "RGB", "RGBA"),
}
HEIC_FILES = {
    **{f"RGB-{width}x{height}": (width, height) for width, height in ((1, 1), (1, 300), (300, 1))},
    **{f"{mode}-17x13": (17, 13) for mode in ("L", "RGB", "RGBA", "I16")},
}
WITHOUT_EXIF = ("BMP", "GIF")
ANIMATED = ("PNG", "WEBP", "GIF", "TIFF", "AVIF", "MPO")

# Pillow warns of damaged EXIF data, and reads the picture all the same.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")


def _file(image: Image.Image, file_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def _noise(size: tuple[int, int] = (48, 32), mode: str = "RGB") -> Image.Image:
    image = Image.effect_noise(size, 90)
    if mode == "LAB":
        return Image.merge("LAB", [image] * 3)
    return image.convert("I").convert(mode) if mode.startswith("I") else image.convert(mode)


def _noise_file(file_format: str, mode: str = "RGB", **options: Any) -> bytes:
    if file_format == "HEIF":
        return heic(f"noise-{mode}")
    return _file(_noise(mode=mode), file_format, **options)


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def _tried(data: bytes) -> str:
    """ "ok", or the name of the error that refused it; anything else that is raised is a fault."""
    started = time.process_time()
    try:
        picture = decode(data, max_pixels=MAX_PIXELS)
    except ImageError as error:
        assert len(str(error)) < 200
        outcome = type(error).__name__
    else:
        assert picture.image.mode == "RGB"
        assert picture.image.size == (picture.width, picture.height)
        outcome = "ok"
    assert time.process_time() - started < 2.0
    return outcome


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (17, 13)])
@pytest.mark.parametrize(
    ("file_format", "mode"), [(name, mode) for name, modes in MODES.items() for mode in modes]
)
def test_every_mode_and_size(file_format: str, mode: str, size: tuple[int, int]) -> None:
    picture = decode(_file(_noise(size, mode), file_format), max_pixels=MAX_PIXELS)
    assert (picture.width, picture.height) == size


@pytest.mark.parametrize(("name", "size"), HEIC_FILES.items())
def test_every_mode_and_size_of_heic(name: str, size: tuple[int, int]) -> None:
    picture = decode(heic(name), max_pixels=MAX_PIXELS)
    assert (picture.width, picture.height) == size


@pytest.mark.parametrize("file_format", [name for name in FORMATS if name not in WITHOUT_EXIF])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation(file_format: str, orientation: int) -> None:
    """The corner that is white when the picture is upright, for each way of holding a camera."""
    upright = Image.new("RGB", (64, 32), "black")
    upright.paste("white", (0, 0, 16, 8))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    heif = file_format == "HEIF"
    data = heic(f"orientation-{orientation}") if heif else _file(stored, file_format, exif=exif)
    picture = decode(data, max_pixels=MAX_PIXELS)
    assert (picture.width, picture.height) == (64, 32)
    levels = np.asarray(picture.image.convert("L"), dtype=float)
    assert levels[1:7, 1:15].min() > 200 and levels[10:].max() < 60


@pytest.mark.parametrize("file_format", ANIMATED)
def test_of_an_animation_the_first_frame(file_format: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if file_format == "WEBP" else {}
    data = _file(frames[0], file_format, save_all=True, append_images=frames[1:], **options)
    pixel = decode(data, max_pixels=MAX_PIXELS).image.getpixel((8, 8))
    assert isinstance(pixel, tuple)
    assert np.abs(np.subtract(pixel, (255, 0, 0))).max() <= 2


def test_of_several_heic_images_the_first() -> None:
    pixel = decode(heic("sequence"), max_pixels=MAX_PIXELS).image.getpixel((8, 8))
    assert isinstance(pixel, tuple)
    assert np.abs(np.subtract(pixel, (255, 0, 0))).max() <= 2


def test_a_palette_with_alpha_is_laid_on_white() -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([255, 0, 0, 0, 0, 255] + [0] * 762)
    data = _file(image, "PNG", transparency=bytes([255, 128] + [255] * 254))
    pixel = decode(data, max_pixels=MAX_PIXELS).image.getpixel((1, 1))
    assert isinstance(pixel, tuple)
    assert np.abs(np.subtract(pixel, (127, 127, 255))).max() <= 1


@pytest.mark.parametrize("level", [0, 1, 255, 256, 40_000, 65_535])
def test_sixteen_bits_are_scaled_and_not_cut(level: int) -> None:
    data = _file(Image.fromarray(np.full((4, 4), level, dtype=np.uint16)), "PNG")
    pixel = decode(data, max_pixels=MAX_PIXELS).image.getpixel((0, 0))
    assert pixel == (level // 256,) * 3


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_file_that_is_cut_anywhere(file_format: str) -> None:
    data = _noise_file(file_format)
    outcomes = {_tried(data[: len(data) * tenth // 10]) for tenth in range(10)}
    assert outcomes == {"ImageUnsupported", "ImageDamaged"}
    assert _tried(data) == "ok"
    assert _tried(data + b"trailing") == "ok"


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_file_with_flipped_bits(file_format: str, mode: str) -> None:
    options = {} if file_format in WITHOUT_EXIF else {"exif": Image.Exif()}
    data = _noise_file(file_format, mode, **options)
    dice = random.Random(file_format + mode)
    for _ in range(120):
        broken = bytearray(data)
        for _ in range(dice.choice([1, 1, 2, 8])):
            where = dice.randrange(min(len(data), dice.choice([64, 400, len(data)])))
            broken[where] ^= 1 << dice.randrange(8)
        _tried(bytes(broken))


def _bombs() -> Iterator[tuple[str, bytes, type[ImageError]]]:
    head = b"\x89PNG\r\n\x1a\n"
    body = _chunk(b"IDAT", zlib.compress(b"\0" * 5_000_000)) + _chunk(b"IEND", b"")
    for width, height in ((40_000, 40_000), (2**31 - 1, 1), (1, 2**31 - 1), (500, 401)):
        header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
        yield f"{width} x {height}", head + header + body, ImageTooLarge
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 0, 1, 0, 0, 0, 0))
    yield "no pixels", head + header + body, ImageDamaged
    png = _file(_noise(), "PNG")
    for kind, data in (
        (b"iCCP", b"a\0\0" + zlib.compress(b"x" * 20_000_000)),
        (b"iTXt", b"a\0\1\0\0\0" + zlib.compress(b"x" * 20_000_000)),
    ):
        yield kind.decode(), png[:33] + _chunk(kind, data) + png[33:], ImageDamaged
    yield "chunks", png[:33] + _chunk(b"aaAa", b"") * 20_000 + png[33:], ImageDamaged
    jpeg = _file(_noise(), "JPEG")
    yield "segments", jpeg[:2] + b"\xff\xe5\0\2" * 20_000 + jpeg[2:], ImageDamaged
    progressive = _file(Image.new("RGB", (400, 400), "teal"), "JPEG", progressive=True)
    last = progressive[progressive.rindex(b"\xff\xda") : -2]
    yield "scans", progressive[:-2] + last * 5_000 + progressive[-2:], ImageDamaged


BOMBS = list(_bombs())


@pytest.mark.parametrize(
    ("data", "error"), [row[1:] for row in BOMBS], ids=[name for name, _, _ in BOMBS]
)
def test_bombs(data: bytes, error: type[ImageError]) -> None:
    assert _tried(data) == error.__name__


@pytest.mark.parametrize("file_format", ["PPM", "ICO", "EPS", "TGA", "JPEG2000"])
def test_other_formats_are_not_even_opened(file_format: str) -> None:
    image = Image.new("RGB", (32, 32), "navy")
    with pytest.raises(ImageUnsupported):
        decode(_file(image, file_format), max_pixels=MAX_PIXELS)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 64,
        b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (r) file\n",
        b"<html><script>alert(1)</script></html>",
        b"GIF89a" + b"\0" * 40,
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"%PDF-1.7\n",
    ],
)
def test_what_is_no_picture(data: bytes) -> None:
    assert _tried(data) in ("ImageUnsupported", "ImageDamaged")


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_polyglot_is_the_picture_that_it_begins_as(file_format: str) -> None:
    data = _noise_file(file_format)
    tail = b"<script>alert(1)</script>PK\x03\x04" + _file(_noise((9, 9)), "PPM")
    assert _tried(data + tail) == "ok"
    assert _tried(_file(_noise((9, 9)), "PPM") + data) == "ImageUnsupported"


@pytest.mark.anyio
@pytest.mark.parametrize("file_format", FORMATS)
async def test_a_name_and_a_type_that_lie_are_passed_over(
    client: httpx.AsyncClient, file_format: str
) -> None:
    data = _noise_file(file_format)
    for name, kind in (("page.html", "text/html"), ("../../etc/passwd", "x/y"), ("a.gif", "")):
        files = {"image": (name, data, kind)}
        response = await client.post("/extract", data={"text": TEXT}, files=files)
        assert response.status_code == 200
    files = upload(_file(_noise(), "PPM"), "picture.png")
    response = await client.post("/extract", data={"text": TEXT}, files=files)
    assert (response.status_code, response.json()["type"]) == (415, "image-unsupported")
    await still_works(client)
