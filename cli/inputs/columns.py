"""Checks the column names of a table of documents."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cli.inputs.document import shown
from cli.inputs.row import COLUMNS, IMAGE, TEXT
from tasks.errors import DataError


def check_columns(columns: Sequence[str], path: Path) -> tuple[str, ...]:
    """The ignored columns.

    Raises `DataError` if there is neither a text nor an image column, or a name occurs twice.
    """
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise DataError(f"{shown(path)} has two columns {twice[0]!r}")
    if not {TEXT, IMAGE} & set(columns):
        raise DataError(f"{shown(path)} has neither a column {TEXT!r} nor a column {IMAGE!r}")
    return tuple(name for name in columns if name not in COLUMNS)
