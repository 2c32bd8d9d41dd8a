from __future__ import annotations

import pytest

from training.corpora.bio import Chunk, chunks


@pytest.mark.parametrize(
    "tags, expected",
    [
        ("B-PER I-PER O B-LOC", [Chunk("PER", 0, 2), Chunk("LOC", 3, 4)]),
        ("B-PER B-PER", [Chunk("PER", 0, 1), Chunk("PER", 1, 2)]),
        ("O I-PER I-PER", [Chunk("PER", 1, 3)]),
        ("B-PER I-LOC I-LOC", [Chunk("PER", 0, 1), Chunk("LOC", 1, 3)]),
        ("B-PER O I-PER", [Chunk("PER", 0, 1), Chunk("PER", 2, 3)]),
        ("O", []),
    ],
)
def test_chunks_are_read_like_conlleval(tags: str, expected: list[Chunk]) -> None:
    assert chunks(tags.split()) == expected


@pytest.mark.parametrize("tag", ["PER", "B-", "X-PER", ""])
def test_other_tags_are_refused(tag: str) -> None:
    with pytest.raises(ValueError, match="is not a BIO tag"):
        chunks(["O", tag])
