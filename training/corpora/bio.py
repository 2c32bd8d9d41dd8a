"""BIO tags to chunks, like conlleval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chunk:
    """The tokens `first` to `stop` (exclusive) of one type."""

    type: str
    first: int
    stop: int


def chunks(tags: Sequence[str]) -> list[Chunk]:
    """The chunks of `tags`, each "O", "B-type" or "I-type"; ValueError for any other tag.

    An "I-" tag that continues no chunk of its type starts one (Tjong Kim Sang and Buchholz, 2000).
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
