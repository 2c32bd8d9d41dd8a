"""Reads the largest frame size of AV1 data from the sequence headers."""

from __future__ import annotations

from tasks.errors import ImageDamaged

_SEQUENCE_HEADER = 1
_MOST_UNITS = 10_000
_MOST_HEADER_BYTES = 1_024


def largest_frame(data: bytes) -> int:
    """Return the most pixels of a frame, 0 if there is no sequence header.

    Raises:
        ImageDamaged: there are too many units.
    """
    most, at = 0, 0
    for _ in range(_MOST_UNITS):
        if at >= len(data):
            return most
        head = data[at]
        at += 2 if head & 0b100 else 1
        size, at = _leb128(data, at) if head & 0b10 else (len(data) - at, at)
        if head >> 3 & 15 == _SEQUENCE_HEADER:
            body = data[at : at + min(size, _MOST_HEADER_BYTES)]
            most = max(most, _pixels(_Bits(body)))
        at += size
    raise ImageDamaged(f"the image has too many parts, at most {_MOST_UNITS} are allowed")


class _Bits:
    """Reads numbers of any number of bits; zeros after the end."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def read(self, bits: int) -> int:
        self._left -= bits
        if self._left < 0:
            return 0
        return self._value >> self._left & ((1 << bits) - 1)

    def skip_uvlc(self) -> None:
        zeros = 0
        while self._left > 0 and not self.read(1):
            zeros += 1
        self.read(min(zeros, 32))


def _pixels(bits: _Bits) -> int:
    """Parse a sequence header, section 5.5.1 of the AV1 specification."""
    bits.read(4)  # profile, still picture
    if bits.read(1):  # a reduced header
        bits.read(5)
    else:
        delay_bits = _timing(bits)
        shown = bits.read(1)
        for _ in range(bits.read(5) + 1):
            _operating_point(bits, delay_bits, shown)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    return (bits.read(width_bits) + 1) * (bits.read(height_bits) + 1)


def _timing(bits: _Bits) -> int | None:
    """Parse the timing; returns the bits of a buffer delay, None without a decoder model."""
    if not bits.read(1):
        return None
    bits.read(64)
    if bits.read(1):
        bits.skip_uvlc()
    if not bits.read(1):
        return None
    delay_bits = bits.read(5) + 1
    bits.read(42)
    return delay_bits


def _operating_point(bits: _Bits, delay_bits: int | None, shown: int) -> None:
    bits.read(12)
    if bits.read(5) > 7:
        bits.read(1)
    if delay_bits is not None and bits.read(1):
        bits.read(2 * delay_bits + 1)
    if shown and bits.read(1):
        bits.read(4)


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """Read a LEB128 number; returns it and the offset of its end."""
    value = 0
    for shift in range(0, 56, 7):
        if at >= len(data):
            break
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            break
    return value, at
