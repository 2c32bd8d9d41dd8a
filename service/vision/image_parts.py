"""Limits on the parts of an image file: segments of a JPEG, chunks of a PNG, scans of a JPEG.

Pillow reads the parts before the pixels in Python. A part can have two bytes, so 20 MiB of them
take seconds. Cameras write some dozens. Each scan of a JPEG costs a pass over the image.
"""

from __future__ import annotations

import re

from service.vision.directory_parts import check_directories
from tasks.errors import ImageDamaged

MOST_PARTS = 10_000
"""A PNG of 20 MiB in the usual chunks of 8 KiB has a quarter of that."""

MOST_SCANS = 100
"""Cameras write about ten. A scan can have 14 bytes."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_TIFF = (b"II", b"MM")
_SCAN, _END = 0xDA, 0xD9
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xDA)}
"""JPEG markers that are not followed by a length."""

_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])", re.DOTALL)
"""The end of a scan's data: neither an escaped 0xFF nor a restart marker.

Of a run of 0xFF only the last byte matters; a pattern for the run would take quadratic time.
"""

_WINDOW_BYTES = 256 * 1024
"""Searched at once. A search holds the interpreter's lock; between two, other threads can run."""


def check_parts(data: bytes) -> None:
    """Check the number of parts of a JPEG, PNG or TIFF, and of scans of a JPEG.

    Raises:
        ImageDamaged: there are too many.
    """
    if data.startswith(_PNG):
        within_limit = _png_ends(data)
    elif data.startswith(_JPEG):
        within_limit = _jpeg_ends(data)
    else:
        return check_directories(data) if data.startswith(_TIFF) else None
    if not within_limit:
        raise ImageDamaged(f"the image has too many parts, at most {MOST_PARTS} are allowed")


def is_interleaved(data: bytes, components: int) -> bool:
    """Whether the first scan of a JPEG contains all `components`.

    If not, a decoder keeps the coefficients of the whole image.
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
    """Whether the first scan or the file's end comes within the limit; stray bytes count too."""
    at = _first_scan(data)
    if at is not None:
        _check_scans(data, at)
    return at is not None


def _first_scan(data: bytes) -> int | None:
    """Return the offset of the first scan or of the file's end; None if beyond the limit."""
    at = 2
    for _ in range(MOST_PARTS):
        if at + 1 >= len(data) or (data[at] == 0xFF and data[at + 1] == _SCAN):
            return at
        at += _length(data, at)
    return None


def _check_scans(data: bytes, at: int) -> None:
    """Raise `ImageDamaged` if there are too many scans before the image's end.

    Anything may follow the end; phones append a video.
    """
    scans = 0
    for _ in range(MOST_PARTS):
        marker = _next_marker(data, at)
        if marker is None or marker[1][0] == _END:
            return
        scans += marker[1][0] == _SCAN
        if scans > MOST_SCANS:
            raise ImageDamaged(f"the image has too many scans, at most {MOST_SCANS} are allowed")
        at = marker.end() - 2
        at += _length(data, at)
    raise ImageDamaged(f"the image has too many parts, at most {MOST_PARTS} are allowed")


def _next_marker(data: bytes, at: int) -> re.Match[bytes] | None:
    """Search window by window; of two that overlap in a byte, one has the whole marker."""
    for start in range(at, len(data), _WINDOW_BYTES):
        if marker := _MARKER.search(data, start, start + _WINDOW_BYTES + 1):
            return marker
    return None


def _length(data: bytes, at: int) -> int:
    """Return the number of bytes to the next marker to read."""
    if data[at] != 0xFF or data[at + 1] == 0xFF:
        return 1
    if data[at + 1] == 0 or data[at + 1] in _WITHOUT_LENGTH:
        return 2
    return 2 + int.from_bytes(data[at + 2 : at + 4], "big")
