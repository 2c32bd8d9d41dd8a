"""An encoded prompt, and where in it the things lie that an answer may copy."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from tasks.boundary import end_of_character, is_boundary


@dataclass(frozen=True, slots=True)
class Piece:
    """A token of the sentence: its place among the ids and its half-open code-point offsets.

    `opens` and `closes` say whether a span may begin and end with it. Offsets leave out spaces.
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

    ids: text part, end of text, schema suffix (reference section 6). cases: one of 0..3 for each
    id, see `case_of`. pieces: the sentence's tokens in order. spots and asocs: the schema's labels.
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
    """The pieces of the `sentence` in `prompt`, whose encoding has these `offsets`.

    Spaces are no part of a piece; one that is nothing else is empty, and opens a span if the next
    begins where it ends, as a tokenizer does that sets spaces apart. Of several tokens that share a
    character the first opens and the last closes. Tokens that reach beyond the sentence are left
    out, since no span can be read off them.
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
    """0 nothing to tell, 1 initial capital, 2 capitals throughout, 3 capitals inside."""
    letters = [char for char in token if char.isalpha()]
    if not any(char.isupper() for char in letters):
        return 0
    if len(letters) > 1 and all(char.isupper() for char in letters):
        return 2
    return 1 if letters[0].isupper() and not any(c.isupper() for c in letters[1:]) else 3
