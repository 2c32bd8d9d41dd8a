"""Documents in the rows of a CSV or TSV file."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli.inputs.column_names import DEFAULT, ColumnNames
from cli.inputs.document import Document
from cli.inputs.documents import Documents, digest_of
from cli.inputs.files import shown
from cli.inputs.row import broken, from_cells
from tasks.errors import DataError

_TABS = ".tsv"


def read_csv(path: Path, columns: ColumnNames = DEFAULT) -> Documents:
    """Read one document per row: UTF-8, a header, separated by commas (tabs in a .tsv).

    Lists are split at commas; regions and an ontology that is not a name are JSON.

    Raises:
        DataError: the file cannot be read, or has neither a text nor an image column.
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
    csv.field_size_limit(sys.maxsize)  # texts have their own limit
    delimiter = "\t" if path.suffix.lower() == _TABS else ","
    return csv.DictReader(_lines(path), delimiter=delimiter, strict=True)


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from file


def _documents(path: Path, columns: ColumnNames) -> Iterator[Document]:
    row: dict[Any, Any]
    for number, row in enumerate(_reader(path), start=1):
        if None in row or None in row.values():
            yield broken(number, "must have as many cells as the header")
            continue
        yield from_cells(columns.of_table(row), number, path.parent)
