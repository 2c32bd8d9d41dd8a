"""Where in a text the mentions of an answer stand that was not told to copy."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tasks.boundary import is_boundary
from tasks.records import Span


class Aligner:
    """Gives the mentions of one answer their offsets, in the order in which they are said.

    A mention takes its first occurrence in the text that no earlier mention of the same label or
    role has taken, whole words before parts of words; null offsets where there is none.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._taken: set[tuple[str, int]] = set()

    def align(self, mention: str, label: str, known: Sequence[tuple[int, int]] = ()) -> Span:
        """The span of a mention; its occurrences are looked for in the text where none is known."""
        places = list(known) or [
            (match.start(), match.start() + len(mention))
            for match in re.finditer(f"(?={re.escape(mention)})", self._text)
        ]
        if not mention or not places:
            return Span(mention, None, None)
        places.sort(key=lambda place: not self._is_whole(*place))
        free = [place for place in places if (label, place[0]) not in self._taken]
        start, end = (free or places)[0]
        self._taken.add((label, start))
        return Span.of(self._text, start, end)

    def _is_whole(self, start: int, end: int) -> bool:
        return is_boundary(self._text, start) and is_boundary(self._text, end)
