"""Tokens joined to a text, with their offsets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Joined:
    """Tokens with single spaces between them; `starts` has each token's offset in code points."""

    text: str
    tokens: tuple[str, ...]
    starts: tuple[int, ...]

    @classmethod
    def of(cls, tokens: Sequence[str]) -> Joined:
        """Join `tokens`."""
        starts = accumulate((len(token) + 1 for token in tokens), initial=0)
        return cls(" ".join(tokens), tuple(tokens), tuple(starts)[: len(tokens)])

    def span(self, first: int, stop: int) -> tuple[int, int]:
        """Offsets of the tokens `first` to `stop` (exclusive); ValueError if there are none."""
        if not 0 <= first < stop <= len(self.tokens):
            raise ValueError(f"no tokens from {first} to {stop} among {len(self.tokens)}")
        return self.starts[first], self.starts[stop - 1] + len(self.tokens[stop - 1])
