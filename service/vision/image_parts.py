"""The parts that a picture's file is made of, which cost time before and beside its pixels.

Pillow walks the parts before the pixels in Python. A part can be of two bytes, so twenty mebibytes
of them cost seconds. Cameras write some dozens. Each scan of a JPEG costs a pass over the picture.
"""

from __future__ import annotations

import re

from service.vision.directory_parts import check_directories
from tasks.errors import ImageDamaged

MOST_PARTS = 10_000
"""A PNG of twenty mebibytes in the usual chunks of 8 KiB has a quarter of that."""

MOST_SCANS = 100
"""Cameras write about ten. One can be of 14 bytes."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_TIFF = (b"II", b"MM")
_SCAN, _END = 0xDA, 0xD9
_BARE = {0x01, *range(0xD0, 0xDA)}
"""Markers of a JPEG that no length follows."""

_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])", re.DOTALL)
"""What ends a scan's data: neither an escaped 0xFF nor a restart."""


def check_parts(data: bytes) -> None:
    """Raise `ImageDamaged` where a file has too many parts, or a JPEG too many scans."""
    if data.startswith(_PNG):
        few = _png_ends(data)
    elif data.startswith(_JPEG):
        few = _jpeg_ends(data)
    else:
        return check_directories(data) if data.startswith(_TIFF) else None
    if not few:
        raise ImageDamaged(f"the image has more than {MOST_PARTS} parts")


def is_interleaved(data: bytes, components: int) -> bool:
    """Whether the first scan of a JPEG has all of its components.

    Where it has not, a decoder keeps the coefficients of the whole picture.
    """
    at = _first_scan(data)
    return at is not None and at + 4 < len(data) and data[at + 4] == components


def _png_ends(data: bytes) -> bool:
    at = len(_PNG)
    for _ in range(MOST_PARTS):
        if at + 8 > len(data):
            return True
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return False


def _jpeg_ends(data: bytes) -> bool:
    """Whether the first scan, or the file's end, comes in time; bytes between parts count, too."""
    at = _first_scan(data)
    if at is not None:
        _check_scans(data, at)
    return at is not None


def _first_scan(data: bytes) -> int | None:
    """Where the first scan begins, or the file ends; None where that does not come in time."""
    at = 2
    for _ in range(MOST_PARTS):
        if at + 1 >= len(data) or (data[at] == 0xFF and data[at + 1] == _SCAN):
            return at
        at += _length(data, at)
    return None


def _check_scans(data: bytes, at: int) -> None:
    """Raise `ImageDamaged` where there are too many scans before the picture's end.

    Behind the end anything may stand: phones put a film there.
    """
    scans = 0
    for _ in range(MOST_PARTS):
        marker = _MARKER.search(data, at)
        if marker is None or marker[1][0] == _END:
            return
        scans += marker[1][0] == _SCAN
        if scans > MOST_SCANS:
            raise ImageDamaged(f"the image has more than {MOST_SCANS} scans")
        at = marker.end() - 2
        at += _length(data, at)
    raise ImageDamaged(f"the image has more than {MOST_PARTS} parts")


def _length(data: bytes, at: int) -> int:
    """Bytes from here to the next place that is looked at."""
    if data[at] != 0xFF or data[at + 1] == 0xFF:
        return 1
    if data[at + 1] == 0 or data[at + 1] in _BARE:
        return 2
    return 2 + int.from_bytes(data[at + 2 : at + 4], "big")
