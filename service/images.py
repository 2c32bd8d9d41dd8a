"""Bytes to pictures, guarded: no other input can cost so much more than its size."""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from service.image_parts import check_parts
from tasks.errors import ImageDamaged, ImageError, ImageTooLarge, ImageUnsupported

FORMATS = ("JPEG", "PNG", "WEBP")
_MOST_SCANS = 100
"""Cameras write about ten. Each costs a pass over the picture, and can be of 14 bytes."""

_SIGNATURE = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF....WEBP", re.DOTALL)

# Pillow only warns of pictures up to twice its own ceiling, and would load them.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class Picture:
    """An upright RGB picture and its size in pixels."""

    image: Image.Image
    width: int
    height: int


def digest_of(data: bytes) -> str:
    """The name of a file's content."""
    return hashlib.sha256(data).hexdigest()


def check_bytes(data: bytes, max_bytes: int) -> None:
    """Raise `ImageTooLarge` where the file is larger than the limit."""
    if len(data) > max_bytes:
        raise ImageTooLarge(
            f"the image has {len(data)} bytes, at most {max_bytes} are admitted", limit=max_bytes
        )


def decode(data: bytes, *, max_pixels: int) -> Picture:
    """The picture in `data`, turned as its EXIF orientation says, transparency laid on white.

    Raises `ImageTooLarge`, `ImageUnsupported` and `ImageDamaged`. The pixels are counted before
    any is decoded.
    """
    check_parts(data)
    with _open(data, max_pixels) as image:
        width, height = image.size
        if width * height > max_pixels:
            raise _too_many_pixels(max_pixels)
        if image.format != "PNG" and data.count(b"\xff\xda") > _MOST_SCANS:
            raise ImageDamaged(f"the image has more than {_MOST_SCANS} scans")
        with _damage("the image cannot be read to its end"):
            image.load()
            upright = _rgb(ImageOps.exif_transpose(image))
    return Picture(upright, upright.width, upright.height)


def _open(data: bytes, max_pixels: int) -> Image.Image:
    with _damage("the image's header is damaged"):
        try:
            return Image.open(io.BytesIO(data), formats=FORMATS)
        except UnidentifiedImageError as error:
            if _SIGNATURE.match(data):
                raise
            raise ImageUnsupported("the image is not a JPEG, PNG or WebP file") from error
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise _too_many_pixels(max_pixels) from error


@contextmanager
def _damage(message: str) -> Iterator[None]:
    try:
        yield
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # damaged files make Pillow's plugins raise nearly anything
        raise ImageDamaged(message) from error


def _too_many_pixels(max_pixels: int) -> ImageTooLarge:
    return ImageTooLarge(
        f"the image has more than the {max_pixels} pixels that are admitted", limit=max_pixels
    )


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits of grey; convert would clip at 255, not scale
        image = image.convert("I").point(lambda value: value / 256.0).convert("L")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.new("RGBA", layer.size, "white")
        image.alpha_composite(layer)
    return image.convert("RGB")
