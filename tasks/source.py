"""An encoded prompt, and where in it the things lie that an answer may copy."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from tasks.boundary import end_of_character, is_boundary


@dataclass(frozen=True, slots=True)
class Piece:
    """A token of the sentence: its place among the ids and its half-open code-point offsets.

    `opens` and `closes` say whether a span may begin and end with it.
    """

    position: int
    start: int
    end: int
    opens: bool
    closes: bool


@dataclass(frozen=True, slots=True)
class Label:
    """An option of the schema and the half-open range of ids that spells it."""

    name: str
    start: int
    stop: int


@dataclass(frozen=True)
class Source:
    """A prompt as the model reads it.

    ids: text part, end of text, schema suffix (reference section 6). cases: one of 0..3 for each id,
    see `case_of`. pieces: the sentence's tokens in order. spots and asocs: the schema's labels.
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
        """The half-open range of pieces that spells text[start:end], None where no pieces do."""
        first = bisect_left(self._starts, start)
        if first == len(self.pieces) or self.pieces[first].start != start:
            return None
        if not self.pieces[first].opens:
            return None
        for last in range(first, len(self.pieces)):
            if self.pieces[last].end == end:
                return (first, last + 1) if self.pieces[last].closes else None
            if self.pieces[last].end > end:
                return None
        return None


def pieces_of(
    text: str, offsets: list[tuple[int, int]], first_position: int, shift: int
) -> tuple[Piece, ...]:
    """The sentence's pieces among an encoding's `offsets`.

    `shift` is where the sentence begins in the encoded string; tokens that reach beyond the sentence
    or stand for no character are left out, since no span can be read off them.
    """
    pieces: list[Piece] = []
    for index, (start, end) in enumerate(offsets):
        start, end = start - shift, end - shift
        while start < end and 0 <= start < len(text) and text[start].isspace():
            start += 1
        if start < 0 or end > len(text) or start >= end:
            continue
        end = end_of_character(text, end)
        opens, closes = is_boundary(text, start), is_boundary(text, end)
        pieces.append(Piece(first_position + index, start, end, opens, closes))
    return tuple(pieces)


def case_of(token: str) -> int:
    """0 nothing to tell, 1 initial capital, 2 capitals throughout, 3 capitals inside."""
    letters = [char for char in token if char.isalpha()]
    if not any(char.isupper() for char in letters):
        return 0
    if len(letters) > 1 and all(char.isupper() for char in letters):
        return 2
    return 1 if letters[0].isupper() and not any(c.isupper() for c in letters[1:]) else 3
