from __future__ import annotations

import io
import struct
import time
import zlib

import pytest
from PIL import Image

from service.vision.decoding import decode
from service.vision.image_parts import _WINDOW_BYTES, MOST_PARTS, MOST_SCANS, check_parts
from tasks.errors import ImageDamaged


def encoded(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (9, 7), "teal").save(file, kind)
    return file.getvalue()


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_with(chunks: int) -> bytes:
    whole = encoded("PNG")
    header = 8 + 25
    return whole[:header] + chunk(b"puNk") * chunks + whole[header:]


def jpeg_with(middle: bytes) -> bytes:
    whole = encoded("JPEG")
    return whole[:2] + middle + whole[2:]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_ordinary_pictures_have_few_parts(kind: str) -> None:
    check_parts(encoded(kind))
    assert decode(encoded(kind), max_pixels=100).width == 9


def test_a_png_may_have_many_chunks_but_not_any_number() -> None:
    own = 3  # header, pixels, end
    check_parts(png_with(MOST_PARTS - own - 1))
    assert decode(png_with(500), max_pixels=100).height == 7
    with pytest.raises(ImageDamaged, match="at most 10000"):
        decode(png_with(MOST_PARTS), max_pixels=100)


@pytest.mark.parametrize(
    "middle",
    [
        b"\xff\xe5\x00\x02" * MOST_PARTS,
        b"\xff" * (2 * MOST_PARTS),
        b"\xff\x00" * MOST_PARTS,
        b"\xff\xd0" * MOST_PARTS,
    ],
    ids=["segments", "padding", "escapes", "bare markers"],
)
def test_a_jpeg_does_not_put_off_its_first_scan(middle: bytes) -> None:
    check_parts(jpeg_with(middle[: len(middle) // 4]))
    with pytest.raises(ImageDamaged, match="at most 10000"):
        decode(jpeg_with(middle), max_pixels=100)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_cut_file_is_left_to_the_decoder(kind: str) -> None:
    whole = encoded(kind)
    for end in range(len(whole)):
        check_parts(whole[:end])


def test_a_run_of_fill_bytes_in_a_scan_takes_linear_time() -> None:
    whole = encoded("JPEG")
    scan = whole.index(b"\xff\xda")
    started = time.thread_time()
    check_parts(whole[: scan + 14] + b"\xff" * 1_000_000 + b"\0" + whole[scan + 14 :])
    assert time.thread_time() - started < 2


@pytest.mark.parametrize("shift", [-2, -1, 0, 1])
def test_a_marker_is_found_at_the_edge_of_a_window(shift: int) -> None:
    whole = encoded("JPEG")
    scan = whole.index(b"\xff\xda")
    start = scan + 2 + int.from_bytes(whole[scan + 2 : scan + 4], "big")
    scans = b"\xff\xda\x00\x02" * (MOST_SCANS + 1)
    with pytest.raises(ImageDamaged, match="scans"):
        check_parts(whole[:start] + bytes(_WINDOW_BYTES + shift) + scans)
