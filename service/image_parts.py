"""The parts that a picture's file is made of before its pixels, which Pillow walks in Python.

A part can be of two bytes, so twenty mebibytes of them cost seconds. Cameras write some dozens.
"""

from __future__ import annotations

from tasks.errors import ImageDamaged

MOST_PARTS = 10_000
"""A PNG of twenty mebibytes in the usual chunks of 8 KiB has a quarter of that."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_SCAN = 0xDA
_BARE = {0x01, *range(0xD0, 0xDA)}
"""Markers of a JPEG that no length follows."""


def check_parts(data: bytes) -> None:
    """Raise `ImageDamaged` where a JPEG or PNG has more than `MOST_PARTS` parts."""
    if data.startswith(_PNG):
        ends = _png_ends(data)
    elif data.startswith(_JPEG):
        ends = _jpeg_ends(data)
    else:
        return
    if not ends:
        raise ImageDamaged(f"the image has more than {MOST_PARTS} parts")


def _png_ends(data: bytes) -> bool:
    at = len(_PNG)
    for _ in range(MOST_PARTS):
        if at + 8 > len(data):
            return True
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return False


def _jpeg_ends(data: bytes) -> bool:
    """Whether the first scan, or the file's end, comes in time; bytes between parts count, too."""
    at = 2
    for _ in range(MOST_PARTS):
        if at + 1 >= len(data) or (data[at] == 0xFF and data[at + 1] == _SCAN):
            return True
        at += _length(data, at)
    return False


def _length(data: bytes, at: int) -> int:
    """Bytes from here to the next place that is looked at."""
    if data[at] != 0xFF or data[at + 1] == 0xFF:
        return 1
    if data[at + 1] == 0 or data[at + 1] in _BARE:
        return 2
    return 2 + int.from_bytes(data[at + 2 : at + 4], "big")
