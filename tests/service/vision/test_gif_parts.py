from __future__ import annotations

import io

import pytest
from PIL import Image

from service.vision.decoding import decode
from service.vision.gif_parts import MOST_BLOCKS, first_frame_pixels
from tasks.errors import ImageDamaged, ImageTooLarge
from tests.service.fakes import picture_bytes

HEAD = b"GIF89a" + (40).to_bytes(2, "little") + (20).to_bytes(2, "little") + b"\0\0\0"


def frame(left: int, top: int, width: int, height: int) -> bytes:
    return b"," + b"".join(n.to_bytes(2, "little") for n in (left, top, width, height)) + b"\0"


def test_the_screen_and_the_frame_on_it_count() -> None:
    assert first_frame_pixels(picture_bytes((40, 20), file_format="GIF")) == 800
    assert first_frame_pixels(HEAD + frame(10, 0, 40, 20)) == 50 * 20
    assert first_frame_pixels(HEAD) == first_frame_pixels(b"GIF89a") == 0
    assert first_frame_pixels(HEAD + b";" + frame(0, 0, 9, 9)) == 0


def test_blocks_before_the_frame_are_walked_as_pillow_does() -> None:
    comment = b"!\xfe" + b"\x2c" + b"," * 44 + b"\0"
    control = b"!\xf9\x04\x08\0\0\0\0"
    empty = b"!\x01\0\0"
    data = HEAD + b"\0\0" + comment + control + empty + frame(0, 0, 90, 20)
    assert first_frame_pixels(data) == 90 * 20
    tail = b"\x08\x01\0\0"
    with Image.open(io.BytesIO(data + tail)) as image:
        assert image.size == (90, 20)


def test_a_large_frame_is_refused_before_its_canvas_is_made() -> None:
    dispose = b"!\xf9\x04\x08\0\0\0\0"
    with pytest.raises(ImageTooLarge):
        decode(HEAD + dispose + frame(0, 0, 9_000, 9_000) + b"\x08", max_pixels=1_000)


@pytest.mark.parametrize("filler", [b"\0", b"!\xfe\0", b"!\xfe" + b"\x01a" * 20_000 + b"\0"])
def test_the_frame_is_not_put_off(filler: bytes) -> None:
    data = HEAD + filler * (MOST_BLOCKS + 1 if len(filler) < 10 else 1) + frame(0, 0, 9, 9)
    with pytest.raises(ImageDamaged, match=f"too many parts.* at most {MOST_BLOCKS} "):
        decode(data, max_pixels=1_000)


def test_a_cut_file_is_left_to_the_decoder() -> None:
    data = picture_bytes(file_format="GIF", comment=b"a" * 700)
    for end in range(6, len(data)):
        first_frame_pixels(data[:end])
