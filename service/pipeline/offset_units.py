"""Offsets in UTF-16 code units, in which JavaScript, Java and C# count.

Everything before the answer counts Unicode code points, as Python does. A character beyond the
first 65,536 code points, such as an emoji, is one code point and two UTF-16 code units.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TypeVar

from schema.extraction import ArgumentFound, EntityFound, EventFound, Extraction, TriggerFound

_TWO_UNITS = re.compile("[\U00010000-\U0010ffff]")

FoundT = TypeVar("FoundT", EntityFound, TriggerFound, ArgumentFound)


class Utf16Offsets:
    """The offsets of one text in UTF-16 code units.

    Args:
        text: the text; reading it takes time linear in its length.
    """

    def __init__(self, text: str) -> None:
        self._long = [match.start() for match in _TWO_UNITS.finditer(text)]

    def of(self, offset: int) -> int:
        """Return the offset in code units of an offset in code points."""
        return offset + bisect_left(self._long, offset)

    def extraction(self, extraction: Extraction) -> Extraction:
        """Return an extraction whose offsets count code units instead of code points."""
        if not self._long:
            return extraction
        return extraction.model_copy(
            update={
                "entities": [self._span(entity) for entity in extraction.entities],
                "events": [self._event(event) for event in extraction.events],
            }
        )

    def _event(self, event: EventFound) -> EventFound:
        return event.model_copy(
            update={
                "trigger": self._span(event.trigger),
                "arguments": [self._span(argument) for argument in event.arguments],
            }
        )

    def _span(self, span: FoundT) -> FoundT:
        if span.start is None or span.end is None:
            return span
        return span.model_copy(update={"start": self.of(span.start), "end": self.of(span.end)})
