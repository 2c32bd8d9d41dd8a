"""A source's sentence as something to copy spans from."""

from __future__ import annotations

from bisect import bisect_left

from tasks.records import Span
from tasks.source import Source
from tasks.state import Symbol

PieceRange = tuple[int, int]
"""Half-open range of a source's pieces."""


class Passage:
    """The symbols of a source's pieces, and which of them a span can run over.

    symbols: one for each piece. closes: whether a span may end with it. goes_on: whether a span
    that has come so far may take the next piece too, which asks for a piece further on to end with.
    starts: the pieces that a span may begin with, ascending.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        pieces = source.pieces
        self.symbols = [Symbol(source.ids[p.position], p.position) for p in pieces]
        self.closes = [p.closes for p in pieces]
        self.goes_on = [False] * len(pieces)
        self.starts: list[int] = []
        can_end = False
        for i in reversed(range(len(pieces))):
            contiguous = i + 1 < len(pieces) and pieces[i + 1].position == pieces[i].position + 1
            self.goes_on[i] = contiguous and can_end
            can_end = self.closes[i] or self.goes_on[i]
            if can_end and pieces[i].opens:
                self.starts.append(i)
        self.starts.reverse()
        self._piece_at = {p.position: i for i, p in enumerate(pieces)}

    def has_start(self, first: int) -> bool:
        """Whether a span may begin at piece `first` or behind it."""
        return bool(self.starts) and self.starts[-1] >= first

    def starts_from(self, first: int) -> list[Symbol]:
        """The symbols that a span may begin with, from piece `first` on."""
        return [self.symbols[i] for i in self.starts[bisect_left(self.starts, first) :]]

    def piece_of(self, symbol: Symbol) -> int:
        """The piece that `symbol` copies."""
        return self._piece_at[symbol.position]

    def copy(self, pieces: PieceRange) -> tuple[Symbol, ...]:
        """The symbols that copy a range of pieces."""
        return tuple(self.symbols[pieces[0] : pieces[1]])

    def span(self, first: int, stop: int) -> Span:
        """The span that a range of pieces spells."""
        pieces = self._source.pieces
        return Span.of(self._source.text, pieces[first].start, pieces[stop - 1].end)
