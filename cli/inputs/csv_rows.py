"""Documents in the rows of a CSV or TSV file."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli.inputs.column_names import USUAL, ColumnNames
from cli.inputs.document import Document, shown
from cli.inputs.documents import Documents, digest_of
from cli.inputs.row import broken, from_cells
from tasks.errors import DataError

_TABS = ".tsv"


def read_csv(path: Path, columns: ColumnNames = USUAL) -> Documents:
    """One document a row below a row of column names; UTF-8, commas (tabs in a .tsv).

    Lists are split at commas, an own ontology and regions are JSON. Raises `DataError` where the
    file cannot be read or has neither text nor image.
    """
    digest, rows = digest_of(path), _reader(path)
    try:
        left_out = columns.check(rows.fieldnames or [], path)
        count = sum(1 for _ in rows)
    except csv.Error as error:
        raise DataError(f"{shown(path)}, line {rows.reader.line_num}: {error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{shown(path)} is not in UTF-8") from error
    return Documents(count, digest, lambda: _documents(path, columns), left_out)


def _reader(path: Path) -> csv.DictReader[str]:
    csv.field_size_limit(sys.maxsize)  # texts have a limit of their own
    delimiter = "\t" if path.suffix.lower() == _TABS else ","
    return csv.DictReader(_lines(path), delimiter=delimiter, strict=True)


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from file


def _documents(path: Path, columns: ColumnNames) -> Iterator[Document]:
    row: dict[Any, Any]
    for number, row in enumerate(_reader(path), start=1):
        if None in row or None in row.values():
            yield broken(number, "has more or fewer cells than the first row")
            continue
        yield from_cells(columns.of_table(row), number, path.parent)
