"""Aligns the mentions of an unconstrained answer with the text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tasks.boundary import is_boundary
from tasks.records import Span


class Aligner:
    """Assigns offsets to the mentions of one answer, in the order of the answer.

    A mention gets its first occurrence in the text that no earlier mention of the same label or
    role has, whole words before parts of words. A mention that does not occur has null offsets.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._taken: set[tuple[str, int]] = set()

    def align(self, mention: str, label: str, known: Sequence[tuple[int, int]] = ()) -> Span:
        """Return the span of a mention.

        Args:
            mention: its text.
            label: its label or role.
            known: its occurrences, as offsets; if empty, they are searched for in the text.
        """
        occurrences = list(known) or [
            (match.start(), match.start() + len(mention))
            for match in re.finditer(f"(?={re.escape(mention)})", self._text)
        ]
        if not mention or not occurrences:
            return Span(mention, None, None)
        occurrences.sort(key=lambda occurrence: not self._is_whole(*occurrence))
        free = [(start, end) for start, end in occurrences if (label, start) not in self._taken]
        start, end = (free or occurrences)[0]
        self._taken.add((label, start))
        return Span.of(self._text, start, end)

    def _is_whole(self, start: int, end: int) -> bool:
        return is_boundary(self._text, start) and is_boundary(self._text, end)
