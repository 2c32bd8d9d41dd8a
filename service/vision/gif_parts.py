"""Checks the blocks of a GIF before the pixels of its first frame.

Pillow allocates a canvas of the frame's size when it opens the file, and reads the blocks before it
in Python.
"""

from __future__ import annotations

from tasks.errors import ImageDamaged

MOST_BLOCKS = 10_000
"""Most blocks before the first frame. A comment or profile of 1 MiB has 4,000."""

_FRAME, _EXTENSION, _END = 0x2C, 0x21, 0x3B
_COMMENT = 0xFE
_HEAD = 13


def first_frame_pixels(data: bytes) -> int:
    """Count the pixels of the canvas of the first frame; 0 if the file has no frame.

    Raises:
        ImageDamaged: there are too many blocks before the frame.
    """
    flags = data[10] if len(data) > 10 else 0
    at = _HEAD + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    blocks = 0
    while at < len(data) and data[at] != _END:
        if data[at] == _FRAME:
            return _pixels(data, at + 1)
        if data[at] == _EXTENSION:
            at, read = _skip_extension(data, at + 1, MOST_BLOCKS - blocks)
            blocks += read
        else:
            at += 1
        blocks += 1
        if blocks > MOST_BLOCKS:
            raise ImageDamaged(f"the image has too many parts, at most {MOST_BLOCKS} are allowed")
    return 0


def _pixels(data: bytes, at: int) -> int:
    left, top, width, height = (_short(data, at + step) for step in (0, 2, 4, 6))
    return max(_short(data, 6), left + width) * max(_short(data, 8), top + height)


def _skip_extension(data: bytes, at: int, most: int) -> tuple[int, int]:
    """Skip the extension whose label is at `at`, at most `most` blocks; returns end and blocks."""
    label = data[at] if at < len(data) else _COMMENT
    at += 1
    blocks = 0
    while blocks <= most and at < len(data):
        size = data[at]
        at += 1 + size
        blocks += 1
        # as Pillow does: an empty first block ends a comment, but no other extension
        if size == 0 and (blocks > 1 or label == _COMMENT):
            break
    return at, blocks


def _short(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")
