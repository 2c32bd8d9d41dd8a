"""Selects the reader of an input path by its suffix."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from cli.inputs.column_names import DEFAULT, ColumnNames
from cli.inputs.csv_rows import read_csv
from cli.inputs.documents import Documents
from cli.inputs.files import shown
from cli.inputs.folder import documents_in
from cli.inputs.json_lines import read_ndjson
from cli.inputs.parquet import read_parquet
from cli.inputs.standard_input import STDIN, read_standard_input
from tasks.errors import DataError

_READERS = {
    ".ndjson": read_ndjson,
    ".jsonl": read_ndjson,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".parquet": read_parquet,
}


def documents_of(path: Path, columns: ColumnNames = DEFAULT) -> Documents:
    """Read the documents in a folder, or in a file whose suffix selects the reader; "-" is NDJSON.

    Column names other than the default are part of the digest.

    Raises:
        DataError: there are no documents, or they cannot be read.
    """
    if path.is_dir():
        if columns != DEFAULT:
            raise DataError(f"{shown(path)} is a folder; column names are for tables")
        found = documents_in(path)
        return Documents(len(found), None, lambda: iter(found))
    documents = read_standard_input(columns) if path == STDIN else _of_file(path, columns)
    if columns == DEFAULT:
        return documents
    return replace(documents, digest=f"{documents.digest} {json.dumps(columns.given)}")


def _of_file(path: Path, columns: ColumnNames) -> Documents:
    if not path.is_file():
        raise DataError(f"{shown(path)} is not a file or folder")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{shown(path)} must be a folder or end in {', '.join(_READERS)}")
    documents = reader(path, columns)
    if not documents.count:
        raise DataError(f"{shown(path)} has no documents")
    return documents
