"""Checks of single formats: the pixels that a file takes before and after it is opened, and which
of several images is decoded.
"""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image, ImageFile
from PIL.TiffImagePlugin import TILELENGTH, TILEWIDTH, TiffImageFile

from service.vision.gif_parts import first_frame_pixels
from service.vision.heif_parts import coded_pixels
from tasks.errors import ImageDamaged, ImageUnsupported

MOST_PADDING = 1.25
"""Most pixels in memory per pixel of the image: frames and tiles are padded to whole blocks."""

_MOST_LAYERS = 8
"""How often the strips of a TIFF may cover the image; planar files need one per channel."""

_COMPRESSED_BMP = "bmp_rle"


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
    """Count the pixels that opening or decoding a file takes, as far as its container states them.

    Args:
        kind: Pillow's name of the format.
        data: the file.

    Raises:
        ImageDamaged: the file has too many parts.
    """
    return _PIXELS[kind](data) if kind in _PIXELS else 0


def kept_pixels(image: Image.Image) -> int:
    """Count the pixels of the largest tile that decoding an opened file keeps in memory.

    Raises:
        ImageDamaged: the strips of a TIFF cover the image many times.
        ImageUnsupported: a BMP is compressed; Pillow decodes it in Python, which is slow.
    """
    if not isinstance(image, ImageFile.ImageFile):
        return 0
    if any(tile.codec_name == _COMPRESSED_BMP for tile in image.tile):
        raise ImageUnsupported("the image is a compressed BMP file; save it as PNG")
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


def first_image(kind: str, data: bytes) -> bytes:
    """Return the file, changed so that only its first image is decoded.

    The brand of an AVIF sequence is replaced by that of an AVIF image.
    """
    return data[:8] + b"avif" + data[12:] if kind == "AVIF" else data
