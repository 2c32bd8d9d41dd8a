from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from service.vision.decoding import decode, open_file
from service.vision.heif_parts import MOST_BOXES, coded_pixels
from tasks.errors import ImageDamaged, ImageError, ImageTooLarge
from tests.support.heic_files import heic

MAX_PIXELS = 100_000


def avif(size: tuple[int, int], **options: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, "AVIF", **options)
    return file.getvalue()


FILES = {"AVIF": avif((1000, 700)), "HEIF": heic("flat-1000x700")}


def claiming(data: bytes, width: int, height: int) -> bytes:
    """The file with all sizes that it tells replaced."""
    at = data.find(b"ispe")
    while at >= 0:
        data = data[: at + 8] + struct.pack(">II", width, height) + data[at + 16 :]
        at = data.find(b"ispe", at + 4)
    return data


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def grid(tiles: int, side: int) -> bytes:
    """A file whose item 1 is made of item 2 many times; there are no coded data."""
    sizes = b"".join(box(b"ispe", struct.pack(">III", 0, n, n)) for n in (64, side))
    owners = struct.pack(">IIHBBHBB", 0, 2, 1, 1, 1, 2, 1, 2)
    properties = box(b"iprp", box(b"ipco", sizes) + box(b"ipma", owners))
    parts = struct.pack(f">HH{tiles}H", 1, tiles, *[2] * tiles)
    references = box(b"iref", bytes(4) + box(b"dimg", parts))
    head = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    return head + box(b"meta", bytes(4) + properties + references)


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_the_size_is_read_without_decoding(kind: str) -> None:
    assert coded_pixels(FILES[kind], av1=kind == "AVIF") >= 700_000
    with pytest.raises(ImageTooLarge):
        decode(FILES[kind], max_pixels=MAX_PIXELS)


@pytest.mark.parametrize("lossless", [False, True])
def test_a_frame_that_is_larger_than_it_claims_counts_whole(lossless: bool) -> None:
    options = {"quality": 100} if lossless else {}
    large = claiming(avif((1000, 700), **options), 64, 64)
    assert coded_pixels(large, av1=True) == 700_000
    with pytest.raises(ImageTooLarge):
        decode(large, max_pixels=MAX_PIXELS)
    small = claiming(avif((300, 200), **options), 64, 64)
    assert open_file(small, max_pixels=MAX_PIXELS).pixels == 60_000


def test_a_heic_frame_that_is_larger_than_it_claims_is_refused() -> None:
    with pytest.raises(ImageDamaged):
        decode(claiming(FILES["HEIF"], 64, 64), max_pixels=MAX_PIXELS)


def test_the_film_of_an_avif_is_not_read() -> None:
    file = io.BytesIO()
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    frames[0].save(file, "AVIF", save_all=True, append_images=frames[1:])
    data = file.getvalue()
    assert data[8:12] == b"avis" and decode(data, max_pixels=MAX_PIXELS).width == 64


def test_tiles_count_as_often_as_they_are_named() -> None:
    assert coded_pixels(grid(4, 512), av1=False) == 4 * 512 * 512
    assert coded_pixels(grid(1, 16), av1=False) == 64 * 64
    with pytest.raises(ImageTooLarge):
        decode(grid(5_000, 512), max_pixels=1_000_000)
    with pytest.raises(ImageDamaged, match=f"too many parts.* at most {MOST_BOXES} "):
        decode(grid(20_000, 512), max_pixels=1_000_000)


def test_a_grid_of_itself_is_refused() -> None:
    data = grid(1, 64).replace(struct.pack(">HHH", 1, 1, 2), struct.pack(">HHH", 1, 1, 1))
    with pytest.raises(ImageDamaged, match="nested deeper"):
        coded_pixels(data, av1=False)


def test_boxes_are_counted() -> None:
    head = box(b"ftyp", b"avif\0\0\0\0avif")
    with pytest.raises(ImageDamaged, match=f"too many parts.* at most {MOST_BOXES} "):
        decode(head + box(b"free", b"") * (MOST_BOXES + 1), max_pixels=MAX_PIXELS)


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_a_cut_file_is_read_or_damaged(kind: str) -> None:
    whole = FILES[kind]
    for end in range(len(whole)):
        try:
            coded_pixels(whole[:end], av1=kind == "AVIF")
        except ImageError as error:
            assert isinstance(error, ImageDamaged)
