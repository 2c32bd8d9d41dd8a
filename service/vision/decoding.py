"""Bytes to pictures, guarded: no other input can cost so much more than its size."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile

from service.vision.container_checks import (
    MOST_PADDING,
    first_picture,
    kept_pixels,
    pixels_before_opening,
)
from service.vision.directory_parts import check_directories
from service.vision.formats import ALLOWED, format_of
from service.vision.image_parts import check_parts, is_interleaved
from tasks.errors import ImageDamaged, ImageError, ImageTooLarge, ImageUnsupported

Sides = tuple[int, int]
"""Width and height in pixels."""

LeastSides = Callable[[int, int], Sides]
"""How large a picture must stay at the least, of its upright width and height."""

_ORIENTATION = 0x0112
_LYING = range(5, 9)
"""Orientations that swap width and height."""

# Pillow only warns of pictures up to twice its own ceiling, and would load them.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class Picture:
    """An upright RGB picture, maybe reduced, and the size in pixels that its file tells."""

    image: Image.Image
    width: int
    height: int


class ImageFile:
    """A picture's file of which the header alone is read.

    `pixels` is how many its decoding keeps in memory: fewer than it has where a JPEG can be
    decoded at a half, a quarter or an eighth of its size, more where its frames are larger than
    what is shown of them: `coded`.
    """

    def __init__(
        self, image: Image.Image, data: bytes, least_sides: LeastSides, coded: int = 0
    ) -> None:
        self._image, self._least_sides = image, least_sides
        self._size = image.size
        self.pixels = max(image.width * image.height, coded)
        if isinstance(image, JpegImageFile):
            least = self._least()
            with _damage("the image's header is damaged"):
                image.draft(None, least)
            # a decoder keeps all coefficients of such a one, however small the result
            if not image.info.get("progressive") and is_interleaved(data, image.layers):
                self.pixels = image.width * image.height

    def load(self) -> Picture:
        """The picture; raises `ImageDamaged`, and what `least_sides` raises."""
        with _damage("the image cannot be read to its end"):
            self._image.load()
        if not isinstance(self._image, JpegImageFile):  # a TIFF is upright once it is loaded
            self._size = self._image.size
        least = self._least()
        with _damage("the image cannot be read to its end"):
            small = _reduced(_reducible(self._image), least)
            size = self._upright()
            ImageOps.exif_transpose(small, in_place=True)
            upright = _rgb(small)
        return Picture(upright, *size)

    def _least(self) -> Sides:
        width, height = self._least_sides(*self._upright())
        return (height, width) if self._lies else (width, height)

    def _upright(self) -> Sides:
        width, height = self._size
        return (height, width) if self._lies else (width, height)

    @property
    def _lies(self) -> bool:
        exif = self._image.info.get("exif")
        if isinstance(exif, bytes):
            check_directories(exif)
        with _damage("the image's header is damaged"):
            return self._image.getexif().get(_ORIENTATION) in _LYING


def digest_of(data: bytes) -> str:
    """The name of a file's content."""
    return hashlib.sha256(data).hexdigest()


def check_bytes(data: bytes, max_bytes: int) -> None:
    """Raise `ImageTooLarge` where the file is larger than the limit."""
    if len(data) > max_bytes:
        raise ImageTooLarge(
            f"the image has {len(data)} bytes, at most {max_bytes} are admitted", limit=max_bytes
        )


def as_it_is(width: int, height: int) -> Sides:
    """The `LeastSides` of a picture that is not to be reduced."""
    return width, height


def open_file(data: bytes, *, max_pixels: int, least_sides: LeastSides = as_it_is) -> ImageFile:
    """The picture's file in `data`, its pixels counted before any is decoded.

    Raises `ImageTooLarge`, `ImageUnsupported`, `ImageDamaged`, and what `least_sides` raises.
    """
    kind = format_of(data)
    if kind is None:
        raise ImageUnsupported(f"the image is no {ALLOWED} file; save it as one of them")
    check_parts(data)
    coded = pixels_before_opening(kind, data)
    if coded > max_pixels * MOST_PADDING:
        raise _too_many_pixels(max_pixels)
    image = _open(first_picture(kind, data), kind, max_pixels)
    coded = max(coded, kept_pixels(image))
    if image.width * image.height > max_pixels or coded > max_pixels * MOST_PADDING:
        raise _too_many_pixels(max_pixels)
    return ImageFile(image, data, least_sides, coded)


def decode(data: bytes, *, max_pixels: int, least_sides: LeastSides = as_it_is) -> Picture:
    """The picture in `data`, turned as its EXIF orientation says, transparency laid on white.

    Raises as `open_file` and `ImageFile.load` do.
    """
    return open_file(data, max_pixels=max_pixels, least_sides=least_sides).load()


def _open(data: bytes, kind: str, max_pixels: int) -> Image.Image:
    with _damage("the image's header is damaged"):
        try:
            return Image.open(io.BytesIO(data), formats=(kind,))
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


def _reducible(image: Image.Image) -> Image.Image:
    """The picture in a mode whose pixels can be averaged, with an alpha band where any is clear."""
    if image.mode.startswith("I"):  # 16 bits of grey; convert would clip at 255, not scale
        image = image.convert("I").point(lambda value: value / 256.0).convert("L")
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    return image.convert("RGB") if image.mode in ("1", "P") else image


def _reduced(image: Image.Image, least: Sides) -> Image.Image:
    """The picture with blocks of pixels averaged, no smaller than `least`."""
    factor = min(image.width // max(1, least[0]), image.height // max(1, least[1]))
    return image.reduce(factor) if factor > 1 else image


def _rgb(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        layer = image if image.mode == "RGBA" else image.convert("RGBA")
        image = Image.new("RGBA", layer.size, "white")
        image.alpha_composite(layer)
    return image if image.mode == "RGB" else image.convert("RGB")
