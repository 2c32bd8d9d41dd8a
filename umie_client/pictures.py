"""Images as paths, bytes of files, and Pillow images."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TypeAlias

import pi_heif
from PIL import Image, ImageOps

from umie_client.errors import ImageUnreadable, InvalidArgument

ImageSource: TypeAlias = bytes | str | os.PathLike[str] | Image.Image
"""Path or bytes of an image file in a format of the service, or a Pillow image."""

Kept: TypeAlias = bytes | Path
"""What a result keeps of its image: the bytes of the file, or its path."""

_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})
_SIXTEEN_BITS = "I"

if "HEIF" not in Image.OPEN:  # keep a plugin that is registered with other options
    pi_heif.register_heif_opener()


def kept(image: ImageSource) -> Kept:
    """Convert an image to an immutable form: Pillow images become upright PNG files.

    Raises:
        InvalidArgument: `image` has an unsupported type.
        ImageUnreadable: Pillow cannot write the image.
    """
    if isinstance(image, (bytes, bytearray, memoryview)):
        return bytes(image)
    if isinstance(image, (str, os.PathLike)):
        return Path(image)
    if isinstance(image, Image.Image):
        return png_of(image)
    raise InvalidArgument(f"image must be a path, bytes or a PIL.Image, not {type(image).__name__}")


def data_of(picture: Kept) -> bytes:
    """Return the bytes of the file; raises `ImageUnreadable`."""
    if isinstance(picture, bytes):
        return picture
    try:
        return picture.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ImageUnreadable(f"image: cannot read {str(picture)!r}: {reason}") from error


def png_of(image: Image.Image) -> bytes:
    """Encode an image as PNG, with its EXIF orientation applied; raises `ImageUnreadable`."""
    buffer = io.BytesIO()
    try:
        turned = ImageOps.exif_transpose(image)
        plain = turned if turned.mode in _PNG_MODES else turned.convert("RGB")
        plain.save(buffer, format="PNG", exif=b"")
    except (OSError, ValueError, SyntaxError) as error:
        raise ImageUnreadable(f"image: cannot be written as PNG: {error}") from error
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    """Decode a file to an upright RGB image; raises `ImageUnreadable`."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return upright(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageUnreadable(f"image: cannot be decoded: {error}") from error


def upright(image: Image.Image) -> Image.Image:
    """Copy an image in RGB: EXIF orientation applied, transparency blended onto white."""
    turned = ImageOps.exif_transpose(image)
    if turned.mode.startswith(_SIXTEEN_BITS):  # convert("L") would clip at 255, not scale
        turned = turned.convert("I").point(lambda value: value / 256.0).convert("L")
    if turned.has_transparency_data:
        layer = turned.convert("RGBA")
        turned = Image.new("RGBA", layer.size, "white")
        turned.alpha_composite(layer)
    return turned.convert("RGB")
