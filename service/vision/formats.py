"""The supported image formats, identified by the first bytes of a file."""

from __future__ import annotations

import re

import pi_heif

ALLOWED = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC"
"""For messages. MPO files are JPEG files with further images; HEIF is the container of HEIC."""

_SIGNATURES = {
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "WEBP": re.compile(rb"RIFF....WEBP", re.DOTALL),
    "GIF": re.compile(rb"GIF8[79]a"),
    # the header size is included, so that a text that starts with "BM" does not match
    "BMP": re.compile(rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL),
    "TIFF": re.compile(rb"II[*+]\0|MM\0[*+]"),
}
_AVIF = frozenset({b"avif", b"avis"})
_HEIF = frozenset({b"heic", b"heim", b"heis", b"heix", b"hevc", b"hevm", b"hevs", b"hevx", b"mif1"})
_MOST_BRANDS = 32

# Thumbnails, depth maps and auxiliary images are not used.
pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)


def format_of(data: bytes) -> str | None:
    """Return Pillow's name of a file's format, or None if it is not supported."""
    for name, signature in _SIGNATURES.items():
        if signature.match(data):
            return name
    return _format_of_boxes(data) if data[4:8] == b"ftyp" else None


def _format_of_boxes(data: bytes) -> str | None:
    """Identify an ISO base media file by its brands, the major one first."""
    end = min(int.from_bytes(data[:4], "big"), len(data), 16 + 4 * _MOST_BRANDS)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))]
    for brand in brands:
        if brand in _AVIF:
            return "AVIF"
        if brand in _HEIF - {b"mif1"}:
            return "HEIF"
    return "HEIF" if b"mif1" in brands else None
