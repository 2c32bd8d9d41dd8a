"""Encoded prompts, and the positions that an answer may copy."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from tasks.boundary import end_of_character, is_boundary


@dataclass(frozen=True, slots=True)
class Piece:
    """A token of the text.

    Attributes:
        position: its index in the source's ids.
        start: its first code point in the text, spaces excluded.
        end: the code point behind its last.
        opens: whether a span may start with it.
        closes: whether a span may end with it.
    """

    position: int
    start: int
    end: int
    opens: bool
    closes: bool


@dataclass(frozen=True, slots=True)
class Label:
    """A label of the schema and the half-open range of its ids in the source."""

    name: str
    start: int
    stop: int


@dataclass(frozen=True)
class Source:
    """An encoded prompt.

    Attributes:
        text: the text.
        ids: the token ids: text part, end of text, schema suffix (reference section 6).
        cases: the case of each id, see `case_of`.
        pieces: the tokens of the text, in order.
        spots: the labels of the schema.
        asocs: the roles of the schema.
    """

    text: str
    ids: tuple[int, ...]
    cases: tuple[int, ...]
    pieces: tuple[Piece, ...]
    spots: tuple[Label, ...] = ()
    asocs: tuple[Label, ...] = ()
    _starts: list[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the pieces by where they start."""
        object.__setattr__(self, "_starts", [piece.start for piece in self.pieces])

    def locate(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the half-open range of pieces of text[start:end]; None if these are not whole."""
        first = bisect_left(self._starts, start)
        while first < len(self.pieces) and not self.pieces[first].opens:
            first += 1
        if first == len(self.pieces) or self.pieces[first].start != start:
            return None
        for last in range(first, len(self.pieces)):
            piece = self.pieces[last]
            if piece.end > end or piece.position - self.pieces[first].position != last - first:
                return None
            if piece.end == end and piece.closes:
                return first, last + 1
        return None


def pieces_of(
    prompt: str, sentence: slice, offsets: Sequence[tuple[int, int]], first_position: int
) -> tuple[Piece, ...]:
    """Return the pieces of a text.

    Pieces have no spaces at their ends. A piece of spaces only is empty; it opens a span if the
    next piece starts where it ends, as with tokenizers that separate spaces. Of several tokens that
    share a character the first opens a span and the last closes it. Tokens that extend beyond the
    text are left out.

    Args:
        prompt: the text part of the prompt.
        sentence: the slice of the text in `prompt`.
        offsets: half-open code-point offsets of each token of `prompt`.
        first_position: the index of the first of these tokens in the source's ids.
    """
    visible = [_without_spaces(prompt, *pair) for pair in offsets]
    text = prompt[sentence]
    pieces: list[Piece] = []
    for index, token in enumerate(visible):
        start, end = token[0] - sentence.start, token[1] - sentence.start
        if start < 0 or end > len(text):
            continue
        before = visible[index - 1] if index else (-1, -1)
        behind = visible[index + 1] if index + 1 < len(visible) else (len(prompt), len(prompt))
        opens = is_boundary(text, start) and before[0] < token[0] and before[1] <= token[0]
        closes = False
        if start == end:
            opens = opens and behind[0] == token[0] < behind[1]
        else:
            end = end_of_character(text, end)
            closes = is_boundary(text, end) and behind[0] >= sentence.start + end
        pieces.append(Piece(first_position + index, start, end, opens, closes))
    return tuple(pieces)


def _without_spaces(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def case_of(token: str) -> int:
    """Return the case of a token: 0 no capitals, 1 initial capital, 2 all capitals, 3 mixed."""
    letters = [char for char in token if char.isalpha()]
    if not any(char.isupper() for char in letters):
        return 0
    if len(letters) > 1 and all(char.isupper() for char in letters):
        return 2
    return 1 if letters[0].isupper() and not any(c.isupper() for c in letters[1:]) else 3
