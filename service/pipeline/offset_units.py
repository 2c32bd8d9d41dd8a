"""Offsets in UTF-16 code units, in which JavaScript, Java and C# count.

Everything before the answer counts Unicode code points, as Python does. A character beyond the
first 65,536 code points, such as an emoji, is one code point and two UTF-16 code units.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
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

    def event(self, event: EventFound) -> EventFound:
        """Return an event whose offsets count code units instead of code points."""
        return event.model_copy(
            update={
                "trigger": self.span(event.trigger),
                "arguments": [self.span(argument) for argument in event.arguments],
            }
        )

    def span(self, span: FoundT) -> FoundT:
        """Return a span whose offsets count code units instead of code points."""
        if span.start is None or span.end is None:
            return span
        return span.model_copy(update={"start": self.of(span.start), "end": self.of(span.end)})


def in_utf16(extraction: Extraction, texts: Mapping[int | None, str]) -> Extraction:
    """Return an extraction whose offsets count code units instead of code points.

    Args:
        extraction: the extraction, offsets in code points.
        texts: the text of each part; that of None for an extraction without parts.
    """
    units = {part: Utf16Offsets(text) for part, text in texts.items()}
    return extraction.model_copy(
        update={
            "entities": [units[entity.part].span(entity) for entity in extraction.entities],
            "events": [units[event.part].event(event) for event in extraction.events],
        }
    )
