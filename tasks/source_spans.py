"""The spans of a source's text that an answer may copy."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate, pairwise

from tasks.records import Span
from tasks.source import Piece, Source
from tasks.state import Symbol

_LINE_BREAK = re.compile("[\n\r\v\f\x85\u2028\u2029]")

PieceRange = tuple[int, int]
"""A half-open range of a source's pieces."""


class SourceSpans:
    """The symbols of a source's pieces, and the ranges that may be spans.

    A span has at least one letter or digit, and contains no line break.

    Attributes:
        symbols: the symbol of each piece.
        starts: the pieces with which a span may start, ascending.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        pieces = source.pieces
        self.symbols = [Symbol(source.ids[p.position], p.position) for p in pieces]
        self.starts: list[int] = []
        alnum = [any(map(str.isalnum, source.text[p.start : p.end])) for p in pieces]
        self._alnum_before = [0, *accumulate(alnum)]
        # whether a span can continue behind piece i and reach an admissible end:
        # one that has a letter or digit already, and one that has none yet
        self._continues_with = [False] * len(pieces)
        self._continues_without = [False] * len(pieces)
        adjacent = [_adjacent(source.text, *pair) for pair in pairwise(pieces)]
        with_end = without_end = False
        for i in reversed(range(len(pieces))):
            contiguous = i < len(adjacent) and adjacent[i]
            self._continues_with[i] = contiguous and with_end
            self._continues_without[i] = contiguous and without_end
            with_end = pieces[i].closes or self._continues_with[i]
            without_end = with_end if alnum[i] else self._continues_without[i]
            if without_end and pieces[i].opens and _in_one_line(source.text, pieces[i], pieces[i]):
                self.starts.append(i)
        self.starts.reverse()
        self._piece_at = {p.position: i for i, p in enumerate(pieces)}

    def has_alnum(self, first: int, stop: int) -> bool:
        """Whether a range of pieces has a letter or a digit."""
        return self._alnum_before[stop] > self._alnum_before[first]

    def admits(self, first: int, stop: int) -> bool:
        """Whether a range of pieces has a letter or a digit, and no line break."""
        pieces = self._source.pieces
        in_one_line = _in_one_line(self._source.text, pieces[first], pieces[stop - 1])
        return in_one_line and self.has_alnum(first, stop)

    def closes(self, first: int, stop: int) -> bool:
        """Whether a span may end behind this range of pieces."""
        return self._source.pieces[stop - 1].closes and self.has_alnum(first, stop)

    def continues(self, first: int, stop: int) -> bool:
        """Whether a span may contain the next piece too, and end there or later."""
        has_alnum = self.has_alnum(first, stop)
        continues = self._continues_with if has_alnum else self._continues_without
        return continues[stop - 1]

    def has_start(self, first: int) -> bool:
        """Whether a span may start at piece `first` or later."""
        return bool(self.starts) and self.starts[-1] >= first

    def starts_from(self, first: int) -> list[Symbol]:
        """Return the symbols with which a span may start, from piece `first` on."""
        return [self.symbols[i] for i in self.starts[bisect_left(self.starts, first) :]]

    def piece_of(self, symbol: Symbol) -> int:
        """Return the piece that a symbol copies."""
        return self._piece_at[symbol.position]

    def copy(self, pieces: PieceRange) -> tuple[Symbol, ...]:
        """Return the symbols that copy a range of pieces."""
        return tuple(self.symbols[pieces[0] : pieces[1]])

    def span(self, first: int, stop: int) -> Span:
        """Return the span of a range of pieces."""
        pieces = self._source.pieces
        return Span.of(self._source.text, pieces[first].start, pieces[stop - 1].end)


def _adjacent(text: str, piece: Piece, follower: Piece) -> bool:
    """Whether a span can contain both pieces."""
    return follower.position == piece.position + 1 and _in_one_line(text, piece, follower)


def _in_one_line(text: str, first: Piece, last: Piece) -> bool:
    """Whether there is no line break from `first` to `last`; an unknown token can contain one."""
    return _LINE_BREAK.search(text, first.start, last.end) is None
