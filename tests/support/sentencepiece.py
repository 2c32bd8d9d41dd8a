"""A small sentencepiece model file, written field by field."""

from __future__ import annotations

import string
import struct
from pathlib import Path

NORMAL, UNKNOWN, CONTROL = 1, 2, 3
_WORDS = ("▁Give", "▁the", "▁text", "▁person", "▁location", "▁in", "▁attack", "er", "▁New", "ing")


def varint(number: int) -> bytes:
    """Seven bits a byte, lowest first."""
    data = bytearray()
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*data, number])


def message(number: int, data: bytes) -> bytes:
    """A field of bytes."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def flag(number: int, value: int) -> bytes:
    """A field of a number."""
    return varint(number << 3) + varint(value)


def piece(text: str, score: float, kind: int = NORMAL) -> bytes:
    """A piece of the vocabulary."""
    score_field = varint(2 << 3 | 5) + struct.pack("<f", score)
    return message(1, message(1, text.encode()) + score_field + flag(3, kind))


def model_file(*, model_type: int = 1, adds_space: int = 1, more: int = 0) -> bytes:
    """T5's specials, letters, digits and a few words: 3 + 1 + 62 + 2 + 10 pieces.

    `more` numbers follow, words of their own.
    """
    pieces = [piece("<pad>", 0.0, CONTROL), piece("</s>", 0.0, CONTROL), piece("<unk>", 0, UNKNOWN)]
    pieces.append(piece("▁", -2.0))
    pieces += [piece(char, -6.0) for char in string.ascii_letters + string.digits + ":."]
    pieces += [piece(word, -3.0) for word in _WORDS]
    pieces += [piece(f"▁{number + 10}", -9.0) for number in range(more)]
    return b"".join([*pieces, message(2, flag(3, model_type)), message(3, flag(3, adds_space))])


SIZE = 3 + 1 + 62 + 2 + len(_WORDS) + 100 + 2
"""Token embeddings of a model with this tokenizer: pieces, sentinels and two markers."""


def tokenizer_folder(path: Path, size: int = SIZE) -> Path:
    """A folder as it ships with a T5 model of so many token embeddings."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "spiece.model").write_bytes(model_file(more=size - SIZE))
    return path
