"""What each container needs beside the checks that all pictures pass: how much one picture of it
costs before and after it is opened, and which of several is taken.
"""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image, ImageFile
from PIL.TiffImagePlugin import TILELENGTH, TILEWIDTH, TiffImageFile

from service.vision.gif_parts import first_frame_pixels
from service.vision.heif_parts import coded_pixels
from tasks.errors import ImageDamaged, ImageUnsupported

MOST_PADDING = 1.25
"""Pixels in memory for each that is shown: frames and tiles are padded to whole blocks."""

_MOST_LAYERS = 8
"""How often the strips of an uncompressed TIFF may cover the picture: once for each colour."""

_PACKED_BMP = "bmp_rle"


def _pixels_of_avif(data: bytes) -> int:
    return coded_pixels(data, av1=True)


def _pixels_of_heif(data: bytes) -> int:
    return coded_pixels(data, av1=False)


_PIXELS: dict[str, Callable[[bytes], int]] = {
    "GIF": first_frame_pixels,
    "AVIF": _pixels_of_avif,
    "HEIF": _pixels_of_heif,
}


def pixels_before_opening(kind: str, data: bytes) -> int:
    """The pixels that opening or decoding a file of this format takes, as far as they are known.

    Raises `ImageDamaged` where the file has too many parts.
    """
    return _PIXELS[kind](data) if kind in _PIXELS else 0


def kept_pixels(image: Image.Image) -> int:
    """The pixels of the largest tile that decoding an opened file keeps.

    Raises `ImageDamaged` where a TIFF's strips cover the picture again and again, and
    `ImageUnsupported` where a BMP is packed, which Pillow unpacks in Python.
    """
    if not isinstance(image, ImageFile.ImageFile):
        return 0
    if any(tile.codec_name == _PACKED_BMP for tile in image.tile):
        raise ImageUnsupported("the image is a packed BMP file; save it as PNG")
    if not isinstance(image, TiffImageFile):
        return 0
    covered = sum(
        (right - left) * (lower - upper)
        for left, upper, right, lower in (tile.extents for tile in image.tile if tile.extents)
    )
    if covered > _MOST_LAYERS * image.width * image.height:
        raise ImageDamaged("the image's strips overlap")
    width, height = (image.tag_v2.get(tag, 0) for tag in (TILEWIDTH, TILELENGTH))
    return width * height if isinstance(width, int) and isinstance(height, int) else 0


def first_picture(kind: str, data: bytes) -> bytes:
    """The file, or one whose first picture alone is read: an AVIF's still one, not its film."""
    return data[:8] + b"avif" + data[12:] if kind == "AVIF" else data
