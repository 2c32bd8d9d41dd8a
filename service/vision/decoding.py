"""Decodes image files within limits: a small file can have very many pixels."""

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
    first_image,
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
"""Maps the upright width and height to the smallest size the image may be reduced to."""

_ORIENTATION = 0x0112
_TRANSPOSED = range(5, 9)
"""EXIF orientations that swap width and height."""

# Pillow only warns about images up to twice its own limit, and would decode them.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class UprightImage:
    """A decoded image.

    Attributes:
        image: upright, in RGB, possibly reduced.
        width: pixels of the upright image before it was reduced.
        height: pixels of the upright image before it was reduced.
    """

    image: Image.Image
    width: int
    height: int


class ImageFile:
    """An image file of which only the header is read.

    Attributes:
        pixels: pixels that decoding keeps in memory. These are fewer than the image has if a JPEG
            can be decoded at a half, a quarter or an eighth of its size, and more if its coded
            frames or tiles are larger than the image.
        coded_pixels: pixels that decoding reads: all of a JPEG, however much it is reduced.
    """

    def __init__(
        self, image: Image.Image, data: bytes, least_sides: LeastSides, coded: int = 0
    ) -> None:
        """Create the file.

        Args:
            image: the opened image.
            data: its bytes.
            least_sides: the smallest size to reduce it to.
            coded: pixels of its coded frames or tiles, 0 if unknown.
        """
        self._image, self._least_sides = image, least_sides
        self._size = image.size
        self.pixels = self.coded_pixels = max(image.width * image.height, coded)
        if isinstance(image, JpegImageFile):
            least = self._least()
            with _damage("the image's header is damaged"):
                image.draft(None, least)
            # otherwise the decoder keeps all coefficients, however small the result is
            if not image.info.get("progressive") and is_interleaved(data, image.layers):
                self.pixels = image.width * image.height

    def load(self) -> UprightImage:
        """Decode the image.

        Raises:
            ImageDamaged: it cannot be decoded completely.
            FieldError: raised by `least_sides`.
        """
        with _damage("the image cannot be read to its end"):
            self._image.load()
        if not isinstance(self._image, JpegImageFile):  # Pillow rotates a TIFF when it loads it
            self._size = self._image.size
        least = self._least()
        with _damage("the image cannot be read to its end"):
            small = _reduced(_reducible(self._image), least)
            size = self._upright()
            ImageOps.exif_transpose(small, in_place=True)
            upright = _rgb(small)
        return UprightImage(upright, *size)

    def _least(self) -> Sides:
        width, height = self._least_sides(*self._upright())
        return (height, width) if self._transposed else (width, height)

    def _upright(self) -> Sides:
        width, height = self._size
        return (height, width) if self._transposed else (width, height)

    @property
    def _transposed(self) -> bool:
        exif = self._image.info.get("exif")
        if isinstance(exif, bytes):
            check_directories(exif)
        with _damage("the image's header is damaged"):
            return self._image.getexif().get(_ORIENTATION) in _TRANSPOSED


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of a file in hex."""
    return hashlib.sha256(data).hexdigest()


def check_bytes(data: bytes, max_bytes: int) -> None:
    """Raise `ImageTooLarge` if the file has more than `max_bytes`."""
    if len(data) > max_bytes:
        raise ImageTooLarge(
            f"the image has {len(data)} bytes, at most {max_bytes} are allowed", limit=max_bytes
        )


def full_size(width: int, height: int) -> Sides:
    """The `LeastSides` of an image that must not be reduced."""
    return width, height


def open_file(data: bytes, *, max_pixels: int, least_sides: LeastSides = full_size) -> ImageFile:
    """Read the header of an image file and check its limits, before any pixel is decoded.

    Args:
        data: the file.
        max_pixels: most pixels of the image.
        least_sides: the smallest size to reduce the image to.

    Raises:
        ImageTooLarge: the image has more than `max_pixels`.
        ImageUnsupported: the file is of an unsupported format, or a compressed BMP.
        ImageDamaged: the header is damaged, or there are too many parts.
        FieldError: raised by `least_sides`.
    """
    kind = format_of(data)
    if kind is None:
        raise ImageUnsupported(f"the image is not a {ALLOWED} file; save it as one of these")
    check_parts(data)
    coded = pixels_before_opening(kind, data)
    if coded > max_pixels * MOST_PADDING:
        raise _too_many_pixels(max_pixels)
    image = _open(first_image(kind, data), kind, max_pixels)
    coded = max(coded, kept_pixels(image))
    if image.width * image.height > max_pixels or coded > max_pixels * MOST_PADDING:
        raise _too_many_pixels(max_pixels)
    return ImageFile(image, data, least_sides, coded)


def decode(data: bytes, *, max_pixels: int, least_sides: LeastSides = full_size) -> UprightImage:
    """Decode an image file: EXIF orientation applied, transparency blended onto white.

    Args:
        data: the file.
        max_pixels: most pixels of the image.
        least_sides: the smallest size to reduce the image to.

    Raises:
        ImageError: as `open_file` and `ImageFile.load`.
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
    except Exception as error:  # Pillow raises nearly any type for damaged files
        raise ImageDamaged(message) from error


def _too_many_pixels(max_pixels: int) -> ImageTooLarge:
    return ImageTooLarge(
        f"the image has too many pixels, at most {max_pixels} are allowed", limit=max_pixels
    )


def _reducible(image: Image.Image) -> Image.Image:
    """Convert to a mode whose pixels can be averaged, with an alpha band if any is transparent."""
    if image.mode.startswith("I"):  # 16-bit greyscale; convert("L") would clip, not scale
        image = image.convert("I").point(lambda value: value / 256.0).convert("L")
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    return image.convert("RGB") if image.mode in ("1", "P") else image


def _reduced(image: Image.Image, least: Sides) -> Image.Image:
    """Average blocks of pixels, so that the result is no smaller than `least`."""
    factor = min(image.width // max(1, least[0]), image.height // max(1, least[1]))
    return image.reduce(factor) if factor > 1 else image


def _rgb(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        layer = image if image.mode == "RGBA" else image.convert("RGBA")
        image = Image.new("RGBA", layer.size, "white")
        image.alpha_composite(layer)
    return image if image.mode == "RGB" else image.convert("RGB")
