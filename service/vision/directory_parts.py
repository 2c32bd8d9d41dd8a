"""Checks the number of tags in TIFF files and in EXIF data.

Pillow creates a Python object for each number: 20 MiB of them take seconds and 1 GiB of memory.
Cameras write some hundreds.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tasks.errors import ImageDamaged

MOST_NUMBERS = 20_000
"""Most numbers of a file. A TIFF has two for each strip, and a strip can be one row."""

MOST_TAGS = 1_000
"""Most tags of a directory."""

_PREFIX = b"Exif\0\0"
_ORDERS = {b"II": "<", b"MM": ">"}
_BIG = 43
_OPAQUE = frozenset({1, 2, 7})
"""Types whose values Pillow keeps as bytes: byte, ASCII and undefined."""
_DIRECTORIES = frozenset({0x8769, 0x8825, 0xA005})
"""Tags of further directories that Pillow reads: EXIF, GPS, interoperability."""
_MOST_DIRECTORIES = 8


def check_directories(data: bytes) -> None:
    """Check the number of tags and numbers of a TIFF file or of EXIF data.

    Other data and truncated data pass; the decoder reports them.

    Raises:
        ImageDamaged: there are too many.
    """
    view = memoryview(data)[len(_PREFIX) :] if data.startswith(_PREFIX) else memoryview(data)
    order = _ORDERS.get(bytes(view[:2]))
    if order is None:
        return
    try:
        _walk(view, order)
    except struct.error:
        return


def _walk(view: memoryview, order: str) -> None:
    (version,) = struct.unpack_from(f"{order}H", view, 2)
    big = version == _BIG
    (first,) = struct.unpack_from(f"{order}Q" if big else f"{order}L", view, 8 if big else 4)
    left, seen, numbers = [first], set[int](), 0
    while left and len(seen) < _MOST_DIRECTORIES:
        at = left.pop()
        if at in seen or at >= len(view):
            continue
        seen.add(at)
        for tag, kind, count, value in _tags(view, at, order, big):
            if tag in _DIRECTORIES:
                left.append(value)
            if kind not in _OPAQUE:
                numbers += min(count, len(view))
            if numbers > MOST_NUMBERS:
                raise ImageDamaged(
                    f"the image has too many tag numbers, at most {MOST_NUMBERS} are allowed"
                )


def _tags(view: memoryview, at: int, order: str, big: bool) -> Iterator[tuple[int, int, int, int]]:
    """Yield tag, type, count and value of the entries of a directory."""
    entry, head = (f"{order}HHQQ", f"{order}Q") if big else (f"{order}HHLL", f"{order}H")
    (count,) = struct.unpack_from(head, view, at)
    if count > MOST_TAGS:
        raise ImageDamaged(f"the image has too many tags, at most {MOST_TAGS} are allowed")
    at += struct.calcsize(head)
    for number in range(count):
        yield struct.unpack_from(entry, view, at + number * struct.calcsize(entry))
