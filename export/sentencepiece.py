"""Reads a sentencepiece model file, a protocol buffer, and makes a `tokenizers` file of it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from tasks.errors import CheckpointError

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_UNIGRAM = 1
_UNKNOWN = 2
_SPACE = "▁"
Field = tuple[int, int | bytes]


@dataclass(frozen=True, slots=True)
class SentencePieces:
    """A unigram model.

    pieces: texts and scores by id; unknown: the unknown piece's id; byte_fallback: whether bytes
    stand for unknown characters; characters: the compiled table by which text is normalised.
    """

    pieces: tuple[tuple[str, float], ...]
    unknown: int
    byte_fallback: bool
    characters: bytes

    def tokenizer(self, more: list[str]) -> Tokenizer:
        """A tokenizer that computes the same, with `more` pieces behind its own."""
        vocabulary = [*self.pieces, *((name, 0.0) for name in more)]
        fast = Tokenizer(models.Unigram(vocabulary, self.unknown, self.byte_fallback))
        steps: list[normalizers.Normalizer] = [
            normalizers.Strip(left=False, right=True),
            normalizers.Replace(Regex(" {2,}"), _SPACE),
        ]
        if self.characters:
            steps.insert(0, normalizers.Precompiled(self.characters))
        fast.normalizer = normalizers.Sequence(steps)
        fast.pre_tokenizer = pre_tokenizers.Metaspace(_SPACE, prepend_scheme="always")
        fast.decoder = decoders.Metaspace(_SPACE, prepend_scheme="always")
        return fast


def read_sentencepiece(path: Path) -> SentencePieces:
    """The model in `path`.

    Raises `CheckpointError` where the file is no unigram model or normalises text in another way
    than T5's (a space before the text, runs of spaces as one).
    """
    try:
        return _model(path.read_bytes())
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, IndexError, struct.error) as error:
        raise CheckpointError(f"{path} is no sentencepiece model that T5 uses: {error}") from error


def _model(data: bytes) -> SentencePieces:
    pieces: list[tuple[str, float]] = []
    unknown, byte_fallback, characters = -1, False, b""
    for number, value in _fields(data):
        if number == 1:
            name, score, kind = _piece(_bytes(value))
            if kind == _UNKNOWN:
                unknown = len(pieces)
            pieces.append((name, score))
        elif number == 2:
            trainer = dict(_fields(_bytes(value)))
            byte_fallback = bool(trainer.get(35, 0))
            if trainer.get(3, _UNIGRAM) != _UNIGRAM:
                raise ValueError("it is not a unigram model")
        elif number == 3:
            normaliser = dict(_fields(_bytes(value)))
            characters = _bytes(normaliser.get(2, b""))
            if not all(normaliser.get(flag, 1) for flag in (3, 4, 5)):
                raise ValueError("it keeps runs of spaces or puts no space before the text")
    if unknown < 0:
        raise ValueError("it has no unknown piece")
    return SentencePieces(tuple(pieces), unknown, byte_fallback, characters)


def _piece(data: bytes) -> tuple[str, float, int]:
    fields = dict(_fields(data))
    score = struct.unpack("<f", _bytes(fields.get(2, bytes(4))))[0]
    return _bytes(fields[1]).decode() if 1 in fields else "", float(score), int(fields.get(3, 1))


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number stands where bytes should be")
    return value


def _fields(data: bytes) -> Iterator[Field]:
    """Number and value of every field of a message; values of four and eight bytes as they are."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in (_FOUR, _EIGHT):
            size = 4 if wire == _FOUR else 8
        else:
            raise ValueError(f"wire type {wire} is unknown")
        if at + size > len(data):
            raise ValueError("it ends in the middle of a field")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number has too many bytes")
