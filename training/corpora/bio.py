"""BIO tags to chunks, the way that conlleval reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chunk:
    """Tokens from `first` up to, not with, `stop` that have one type."""

    type: str
    first: int
    stop: int


def chunks(tags: Sequence[str]) -> list[Chunk]:
    """The chunks of `tags`, each "O", "B-type" or "I-type"; ValueError for any other tag.

    An "I-" that continues nothing of its type begins a chunk (Tjong Kim Sang and Buchholz, 2000).
    """
    found: list[Chunk] = []
    for index, tag in enumerate(tags):
        if tag == "O":
            continue
        prefix, _, kind = tag.partition("-")
        if prefix not in ("B", "I") or not kind:
            raise ValueError(f"{tag!r} is not a BIO tag")
        last = found[-1] if found else None
        if prefix == "I" and last is not None and last.stop == index and last.type == kind:
            found[-1] = Chunk(kind, last.first, index + 1)
        else:
            found.append(Chunk(kind, index, index + 1))
    return found
