"""A long text as passages that fit a prompt each.

A passage ends at a blank line where that leaves it at least half full, else at the end of a
sentence or of a list item. A sentence that does not fit is cut between words, and the next passage
begins a few words earlier, so that a name at the cut is whole in one of the two.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from sentencex import segment  # type: ignore[import-untyped]

from tasks.tokenizer import Tokenizer

OVERLAP_TOKENS = 24
"""By how much the passages of a sentence that is cut overlap; longer than nearly every name."""

_LEAST_FILLED = 0.5
_LANGUAGE = "en"
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
_ITEM = re.compile(r"\n(?=[^\S\n]*(?:[-*+\u2022\u2013\u25aa]|\d{1,3}[.)])[^\S\n])")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Passage:
    """The characters `start` to `end` of a text, without white space at either end.

    `fresh` is where the passage before ends, or `start`: what begins before it stands in both.
    """

    start: int
    end: int
    fresh: int


def passages_of(text: str, tokenizer: Tokenizer, most: int) -> tuple[Passage, ...]:
    """`text` in passages of at most `most` tokens each; none where it is blank.

    Args:
        text: of any length; the time taken is linear in it.
        tokenizer: counts the tokens.
        most: tokens of a passage, at least 1.

    Raises:
        ValueError: `most` is below 1.
    """
    if most < 1:
        raise ValueError(f"a passage of {most} tokens; at least 1 is needed")
    return tuple(_Cutter(text, tokenizer, most).passages())


def passage_around(
    text: str, tokenizer: Tokenizer, most: int, start: int, end: int
) -> Passage | None:
    """The passage that has the characters `start` to `end`, else the sentences that have them.

    None where these sentences have more than `most` tokens. Arguments as in `passages_of`.
    """
    for passage in passages_of(text, tokenizer, most):
        if passage.start <= start and end <= passage.end:
            return passage
    ends = sentence_ends(text)
    at = bisect_right(ends, start) - 1
    first, last = (ends[at] if at >= 0 else 0), ends[bisect_left(ends, end)]
    fits = len(tokenizer.encode(text[first:last])[0]) <= most
    return Passage(first, last, first) if fits else None


class _Cutter:
    """Cuts one text. Offsets are characters, `_starts` those at which tokens begin."""

    def __init__(self, text: str, tokenizer: Tokenizer, most: int) -> None:
        self._text, self._most = text, most
        _, offsets = tokenizer.encode(text)
        self._starts = [start for start, end in offsets if end > start]
        self._blank = [match.end() for match in _BLANK_LINE.finditer(text)]
        self._ends = sorted({*self._blank, *sentence_ends(text), len(text)})
        self._words = [match.end() for match in _SPACE.finditer(text)]

    def passages(self) -> list[Passage]:
        found: list[Passage] = []
        start = fresh = self._after_space(0)
        while start < len(self._text):
            end, cut = self._end_of(start)
            stripped = start + len(self._text[start:end].rstrip())
            found.append(Passage(start, stripped, fresh))
            fresh = self._after_space(end)
            start = self._overlapped(start, end) if cut else fresh
        return found

    def _end_of(self, start: int) -> tuple[int, bool]:
        """Where the passage from `start` ends, and whether that is within a sentence."""
        limit = self._limit(start)
        full = self._last(self._ends, start, limit)
        blank = self._last(self._blank, start, limit)
        if limit == len(self._text):
            return limit, False
        if blank and self._tokens(start, blank) >= _LEAST_FILLED * self._most:
            return blank, False
        if full:
            return full, False
        return self._last(self._words, start, limit) or limit, True

    def _overlapped(self, start: int, end: int) -> int:
        """The beginning of the word some tokens before `end`, behind `start`."""
        at = bisect_left(self._starts, end) - OVERLAP_TOKENS
        earliest = self._starts[at] if at > 0 else 0
        word = bisect_left(self._words, max(earliest, start + 1))
        return self._words[word] if word < len(self._words) and self._words[word] < end else end

    def _limit(self, start: int) -> int:
        """Where the first token begins that does not fit."""
        at = bisect_left(self._starts, start) + self._most
        return self._starts[at] if at < len(self._starts) else len(self._text)

    def _tokens(self, start: int, end: int) -> int:
        return bisect_left(self._starts, end) - bisect_left(self._starts, start)

    def _after_space(self, at: int) -> int:
        match = _SPACE.match(self._text, at)
        return match.end() if match else at

    @staticmethod
    def _last(ends: Sequence[int], start: int, limit: int) -> int | None:
        """The last of `ends` behind `start` and not behind `limit`."""
        at = bisect_right(ends, limit) - 1
        return ends[at] if at >= 0 and ends[at] > start else None


def sentence_ends(text: str) -> list[int]:
    """Return where sentences and list items end, behind the white space that follows them."""
    ends: list[int] = []
    start = 0
    for stop in [*(match.end() for match in _ITEM.finditer(text)), len(text)]:
        part = text[start:stop]
        sentences = segment(_LANGUAGE, part)
        if "".join(sentences) == part:
            ends += [start + end for end in accumulate(map(len, sentences))]
        ends.append(stop)
        start = stop
    return ends
