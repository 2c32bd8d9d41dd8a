"""Rows of values as Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are aligned to the right.

    Raises ValueError if a row has more or fewer cells than the head.
    """
    if any(len(row) != len(head) for row in rows):
        raise ValueError("every row of a table has as many cells as its head")
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def number(value: float | None, digits: int = 1) -> str:
    """A value for a cell, with thousands separators; a dash for None."""
    return "-" if value is None else f"{value:,.{digits}f}"


def mebibytes(size: float | None) -> str:
    """Bytes for a cell."""
    return "-" if size is None else f"{size / 2**20:,.0f} MiB"
