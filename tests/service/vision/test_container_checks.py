from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from service.vision.decoding import decode, open_file
from tasks.errors import ImageDamaged, ImageTooLarge, ImageUnsupported
from tests.service.fakes import picture_bytes

MAX_PIXELS = 1_000_000


def tiff(tags: dict[int, tuple[int, ...]], size: int = 4096) -> bytes:
    """A TIFF file of these tags, all of them long numbers, and zeros behind them."""
    place = 10 + 12 * len(tags) + 4
    entries, more = b"", b""
    for tag, values in sorted(tags.items()):
        value = values[0] if len(values) == 1 else place + len(more)
        entries += struct.pack("<HHLL", tag, 4, len(values), value)
        more += struct.pack(f"<{len(values)}L", *values) if len(values) > 1 else b""
    head = b"II*\0" + struct.pack("<LH", 8, len(tags)) + entries + b"\0" * 4
    return head + more + bytes(size)


def grey(**tags: tuple[int, ...]) -> dict[int, tuple[int, ...]]:
    names = {"width": 256, "height": 257, "strips": 273, "rows": 278, "sizes": 279}
    names |= {"compression": 259, "tile_width": 322, "tile_height": 323, "tiles": 324}
    plain = {258: (8,), 259: (1,), 262: (1,), 277: (1,)}
    return plain | {names[name]: values for name, values in tags.items()}


def test_an_uncompressed_tiff_of_strips_is_decoded() -> None:
    data = tiff(grey(width=(8,), height=(4,), rows=(2,), strips=(200, 216), sizes=(16, 16)))
    assert decode(data, max_pixels=MAX_PIXELS).image.size == (8, 4)


def test_strips_that_cover_a_tiff_again_and_again_are_refused() -> None:
    strips = tuple([200] * 5_000)
    data = tiff(grey(width=(90,), height=(40,), rows=(20,), strips=strips, sizes=strips))
    with pytest.raises(ImageDamaged, match="strips overlap"):
        decode(data, max_pixels=MAX_PIXELS)


def test_a_tile_that_is_larger_than_the_picture_counts_whole() -> None:
    def tiled(side: int) -> bytes:
        return tiff(
            grey(
                width=(8,),
                height=(8,),
                compression=(8,),
                tile_width=(side,),
                tile_height=(side,),
                tiles=(200,),
            )
        )

    with pytest.raises(ImageTooLarge):
        open_file(tiled(30_000), max_pixels=MAX_PIXELS)
    assert open_file(tiled(256), max_pixels=MAX_PIXELS).pixels == 256 * 256


def test_a_compressed_bmp_is_refused() -> None:
    data = bytearray(picture_bytes((8, 8), mode="P", file_format="BMP"))
    data[30] = 1
    with pytest.raises(ImageUnsupported, match="compressed BMP file; save it as PNG"):
        decode(bytes(data), max_pixels=MAX_PIXELS)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg"])
def test_every_compression_of_a_tiff(compression: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(file, "TIFF", compression=compression)
    pixel = decode(file.getvalue(), max_pixels=MAX_PIXELS).image.getpixel((9, 9))
    assert isinstance(pixel, tuple) and pixel[0] > 250 and max(pixel[1:]) < 5
