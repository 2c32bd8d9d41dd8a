"""An extraction as text tables."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from schema.extraction import ArgumentFound, EventFound, Extraction

PLAIN_WIDTH = 10_000
"""Width if the output is not a terminal, so that nothing is wrapped or truncated."""


_REGION = ("", "label", "score", "box")
_ENTITY = ("", "text", "type", "at", "score", "regions")
_RELATION = ("head", "type", "tail", "score")
_EVENT = ("type", "", "text", "at", "score")


class Tables:
    """Prints extractions; on a terminal in colours and within its width."""

    def __init__(self) -> None:
        width = None if sys.stdout.isatty() else PLAIN_WIDTH
        self._console = Console(highlight=False, width=width)

    def title(self, name: str) -> None:
        """Print the name of a document."""
        self._console.print(Text(one_line(name), style="bold"))

    def answer(self, extraction: Extraction) -> None:
        """Print the results and an empty line."""
        parts = [
            self._part("regions", _REGION, _regions(extraction)),
            self._part("entities", _ENTITY, _entities(extraction)),
            self._part("relations", _RELATION, _relations(extraction)),
            self._part("events", _EVENT, _events(extraction)),
        ]
        if not any(parts):
            self._console.print("nothing found", style="dim")
        self._console.print()

    def _part(self, name: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> bool:
        if rows:
            table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
            for head in heads:
                table.add_column(head, justify="right" if head == "score" else "left")
            for row in rows:
                table.add_row(*(Text(one_line(cell)) for cell in row))
            self._console.print(Text(name, style="cyan"))
            self._console.print(table)
        return bool(rows)


def one_line(text: str) -> str:
    """Convert a text to one line without control characters."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for letter in " ".join(text.split())
    )


def _regions(extraction: Extraction) -> list[tuple[str, ...]]:
    return [
        (region.id, region.label, _score(region.score), " ".join(f"{x:.0f}" for x in region.box))
        for region in extraction.regions
    ]


def _entities(extraction: Extraction) -> list[tuple[str, ...]]:
    return [
        (
            str(entity.id),
            entity.text,
            entity.type,
            _place(entity.start, entity.end),
            _score(entity.score),
            " ".join(entity.regions),
        )
        for entity in extraction.entities
    ]


def _relations(extraction: Extraction) -> list[tuple[str, ...]]:
    names = {entity.id: entity.text for entity in extraction.entities}
    return [
        (names[relation.head], relation.type, names[relation.tail], _score(relation.score))
        for relation in extraction.relations
    ]


def _events(extraction: Extraction) -> list[tuple[str, ...]]:
    return [row for event in extraction.events for row in _event(event)]


def _event(event: EventFound) -> list[tuple[str, ...]]:
    place = _place(event.trigger.start, event.trigger.end)
    first = (event.type, "trigger", event.trigger.text, place, _score(event.score))
    return [first, *(_argument(argument) for argument in event.arguments)]


def _argument(argument: ArgumentFound) -> tuple[str, ...]:
    filler = argument.region if argument.region is not None else argument.text or ""
    return "", argument.role, filler, _place(argument.start, argument.end), _score(argument.score)


def _place(start: int | None, end: int | None) -> str:
    return "" if start is None or end is None else f"{start}:{end}"


def _score(score: float) -> str:
    return f"{score:.2f}"
