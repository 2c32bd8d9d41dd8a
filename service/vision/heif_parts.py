"""Counts the pixels of the coded frames in AVIF and HEIC files.

A file states its size in a property that the decoder checks late or not at all: the coded frame may
be larger, and a grid may refer to one tile many times.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from service.vision.av1_header import largest_frame
from tasks.errors import ImageDamaged

MOST_BOXES = 10_000
"""Most boxes, items and references of a file. Phones write some hundreds."""

_FULL = 4
"""Bytes of the version and flags of a full box."""
_MOST_NESTED = 4
_MOST_SHARED = 4
"""Most items that a byte belongs to, on average."""


@dataclass(slots=True)
class _Contents:
    """The parsed contents of a file.

    Attributes:
        av1: whether the frames are AV1.
        items: coded data by item.
        sizes: pixels by property number, which starts at 1.
        properties: property numbers by item.
        parts: the items of a derived item, such as the tiles of a grid.
        boxes: number of boxes, items and references read.
        coded: bytes of all items.
    """

    av1: bool
    items: dict[int, list[bytes]] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    properties: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    parts: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    boxes: int = 0
    coded: int = 0

    def count(self, more: int = 1) -> None:
        """Count boxes; raises `ImageDamaged` if there are too many."""
        self.boxes += more
        if self.boxes > MOST_BOXES:
            raise ImageDamaged(f"the image has too many parts, at most {MOST_BOXES} are allowed")


def coded_pixels(data: bytes, *, av1: bool) -> int:
    """Count the pixels of the largest image in a file; a tile counts once per reference.

    Args:
        data: the file.
        av1: whether the frames are AV1, whose decoder does not check them against the stated size.

    Raises:
        ImageDamaged: there are too many boxes, items or references, or one is truncated.
    """
    contents = _Contents(av1)
    try:
        for kind, start, end in _boxes(data, 0, len(data), contents):
            if kind == b"meta":
                _read_meta(data, start + _FULL, end, contents)
    except (struct.error, IndexError) as error:
        raise ImageDamaged("the image's header is damaged") from error
    known = contents.properties.keys() | contents.parts.keys() | contents.items.keys()
    costs: dict[int, int] = {}
    return max((_cost(item, contents, costs, 0) for item in known), default=0)


def _cost(item: int, contents: _Contents, costs: dict[int, int], depth: int) -> int:
    if depth > _MOST_NESTED:
        raise ImageDamaged(f"the image's grids are nested deeper than {_MOST_NESTED}")
    if item not in costs:
        sizes = (contents.sizes.get(number, 0) for number in contents.properties.get(item, ()))
        coded = b"".join(contents.items.get(item, ()))
        frame = largest_frame(coded) if contents.av1 else 0
        tiles = sum(
            _cost(part, contents, costs, depth + 1) for part in contents.parts.get(item, ())
        )
        costs[item] = max(*sizes, frame, tiles, 0)
    return costs[item]


def _boxes(data: bytes, at: int, end: int, contents: _Contents) -> Iterator[tuple[bytes, int, int]]:
    """Yield the type of each box between two offsets, and the start and end of its content."""
    while at + 8 <= end:
        contents.count()
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        stop = end if size == 0 else at + size
        if size and size < head:
            raise ImageDamaged("the image's header is damaged")
        yield kind, at + head, min(stop, end)
        at = stop


def _read_meta(data: bytes, at: int, end: int, contents: _Contents) -> None:
    found = list(_boxes(data, at, end, contents))
    stored = next((data[start:stop] for kind, start, stop in found if kind == b"idat"), b"")
    for kind, start, stop in found:
        if kind == b"iprp":
            _read_properties(data, start, stop, contents)
        elif kind == b"iref":
            _read_references(data, start, stop, contents)
        elif kind == b"iloc":
            _read_locations(data, start, stop, stored, contents)


def _read_properties(data: bytes, at: int, end: int, contents: _Contents) -> None:
    for kind, start, stop in _boxes(data, at, end, contents):
        if kind == b"ipco":
            for number, (name, begin, _) in enumerate(_boxes(data, start, stop, contents), 1):
                if name == b"ispe":
                    width, height = struct.unpack_from(">II", data, begin + _FULL)
                    contents.sizes[number] = width * height
        elif kind == b"ipma":
            _read_associations(data, start, contents)


def _read_associations(data: bytes, at: int, contents: _Contents) -> None:
    version, wide = data[at], data[at + 3] & 1
    (items,) = struct.unpack_from(">I", data, at + _FULL)
    at += _FULL + 4
    contents.count(items)
    for _ in range(items):
        item, at = _number(data, at, 2 if version < 1 else 4)
        count, at = _number(data, at, 1)
        for _ in range(count):
            number, at = _number(data, at, 2 if wide else 1)
            contents.properties[item].append(number & (0x7FFF if wide else 0x7F))


def _read_references(data: bytes, at: int, end: int, contents: _Contents) -> None:
    width = 2 if data[at] == 0 else 4
    for kind, start, _ in _boxes(data, at + _FULL, end, contents):
        item, place = _number(data, start, width)
        count, place = _number(data, place, 2)
        contents.count(count)
        for _ in range(count):
            part, place = _number(data, place, width)
            if kind == b"dimg":
                contents.parts[item].append(part)


def _read_locations(data: bytes, at: int, end: int, stored: bytes, contents: _Contents) -> None:
    version = data[at]
    offset_size, length_size = divmod(data[at + 4], 16)
    base_size, index_size = divmod(data[at + 5], 16)
    items, at = _number(data, at + 6, 2 if version < 2 else 4)
    contents.count(items)
    for _ in range(items):
        item, at = _number(data, at, 2 if version < 2 else 4)
        method = 0
        if version:
            method, at = _number(data, at, 2)
        base, at = _number(data, at + 2, base_size)
        count, at = _number(data, at, 2)
        contents.count(count)
        source = stored if method & 15 == 1 else data
        extents = contents.items.setdefault(item, [])
        for _ in range(count):
            at += index_size if version else 0
            offset, at = _number(data, at, offset_size)
            length, at = _number(data, at, length_size)
            begin = base + offset
            contents.coded += min(length, len(source)) if length else len(source)
            if contents.coded > _MOST_SHARED * len(data):
                raise ImageDamaged("the image's header is damaged")
            extents.append(source[begin : begin + length] if length else source[begin:])


def _number(data: bytes, at: int, size: int) -> tuple[int, int]:
    """Read a number of `size` bytes; returns it and the offset of its end."""
    if at + size > len(data):
        raise IndexError
    return int.from_bytes(data[at : at + size], "big"), at + size
