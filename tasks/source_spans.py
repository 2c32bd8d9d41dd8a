"""A source's sentence as something to copy spans from."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate, pairwise

from tasks.records import Span
from tasks.source import Piece, Source
from tasks.state import Symbol

_LINE_BREAK = re.compile("[\n\r\v\f\x85\u2028\u2029]")

PieceRange = tuple[int, int]
"""Half-open range of a source's pieces."""


class SourceSpans:
    """The symbols of a source's pieces, and which of them a span can run over.

    A span has a letter or a digit: punctuation alone names nothing. It stands in one line.

    symbols: one for each piece. starts: the pieces that a span may begin with, ascending.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        pieces = source.pieces
        self.symbols = [Symbol(source.ids[p.position], p.position) for p in pieces]
        self.starts: list[int] = []
        names = [any(map(str.isalnum, source.text[p.start : p.end])) for p in pieces]
        self._named = [0, *accumulate(names)]
        # whether a span that has a letter, or none yet, can take the next piece and end somewhere
        self._on_named, self._on_unnamed = [False] * len(pieces), [False] * len(pieces)
        adjoin = [_adjoin(source.text, *pair) for pair in pairwise(pieces)]
        can_end = can_name = False
        for i in reversed(range(len(pieces))):
            contiguous = i < len(adjoin) and adjoin[i]
            self._on_named[i], self._on_unnamed[i] = contiguous and can_end, contiguous and can_name
            can_end = pieces[i].closes or self._on_named[i]
            can_name = can_end if names[i] else self._on_unnamed[i]
            if can_name and pieces[i].opens and _in_one_line(source.text, pieces[i], pieces[i]):
                self.starts.append(i)
        self.starts.reverse()
        self._piece_at = {p.position: i for i, p in enumerate(pieces)}

    def names(self, first: int, stop: int) -> bool:
        """Whether a range of pieces has a letter or a digit."""
        return self._named[stop] > self._named[first]

    def admits(self, first: int, stop: int) -> bool:
        """Whether a span may run over a range of pieces: it is named and stands in one line."""
        pieces = self._source.pieces
        in_one_line = _in_one_line(self._source.text, pieces[first], pieces[stop - 1])
        return in_one_line and self.names(first, stop)

    def closes(self, first: int, stop: int) -> bool:
        """Whether a span of this range of pieces may end there."""
        return self._source.pieces[stop - 1].closes and self.names(first, stop)

    def goes_on(self, first: int, stop: int) -> bool:
        """Whether it may take the next piece too, so that it can end there or further on."""
        on = self._on_named if self.names(first, stop) else self._on_unnamed
        return on[stop - 1]

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


def _adjoin(text: str, piece: Piece, follower: Piece) -> bool:
    """Whether a span can run from one piece to the next."""
    return follower.position == piece.position + 1 and _in_one_line(text, piece, follower)


def _in_one_line(text: str, first: Piece, last: Piece) -> bool:
    """Whether no line ends between two pieces, nor inside one: unknown tokens take whole lines."""
    return _LINE_BREAK.search(text, first.start, last.end) is None
