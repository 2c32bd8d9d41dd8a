"""Splits text into sentences by rules."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ABBREVIATION = re.compile(
    r"mr|mrs|ms|dr|prof|sen|rep|gov|gen|lt|col|sgt|capt|st|jr|sr|inc|corp|co|ltd|llc|dept|vs|no|fig"
    r"|al|approx|est|e\.g|i\.e|u\.s|u\.k|a\.m|p\.m|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
    r"|[^\W\d_]",
    re.IGNORECASE,
)
_OPENING, _CLOSING = "\"'\u201c\u2018([", "\"'\u201d\u2019)\\]"
_END = re.compile(rf"[.!?…][.!?…{_CLOSING}]*\s+(?=[{_OPENING}]*[A-Z0-9$£€@#])|\s*\n\s*")
_LAST_WORD = re.compile(r"[\w.]+$")


def split_sentences(text: str, whole: Iterable[tuple[int, int]] = ()) -> list[tuple[int, int]]:
    """Offsets of the sentences of `text`, without the white space around them.

    A sentence ends at a line end, or after `.`, `!`, `?` and white space if the next word can start
    a sentence; not after an abbreviation or an initial, and never inside a span of `whole`.
    """
    spans = list(whole)
    cuts = [
        match.end()
        for match in _END.finditer(text)
        if not _abbreviated(text, match)
        and not any(start < match.end() and match.end() < end for start, end in spans)
    ]
    bounds = zip([0, *cuts], [*cuts, len(text)], strict=True)
    stripped = (_stripped(text, start, end) for start, end in bounds)
    return [(start, end) for start, end in stripped if start < end]


def _abbreviated(text: str, match: re.Match[str]) -> bool:
    if not match.group().startswith("."):
        return False
    last = _LAST_WORD.search(text, max(0, match.start() - 20), match.start())
    return last is not None and _ABBREVIATION.fullmatch(last.group()) is not None


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())
