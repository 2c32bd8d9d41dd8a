"""Documents in the rows of a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cli.inputs.column_names import DEFAULT, ColumnNames
from cli.inputs.document import Document
from cli.inputs.documents import Documents, digest_of
from cli.inputs.files import shown
from cli.inputs.row import document_of
from tasks.errors import DataError

_ROWS = 1024
"""Rows per read."""


def read_parquet(path: Path, columns: ColumnNames = DEFAULT) -> Documents:
    """Read one document per row; lists, regions and an ontology are nested values.

    Raises:
        DataError: the file cannot be read, has neither a text nor an image column, or pyarrow is
            not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise DataError(
            "Parquet needs pyarrow, which is not installed: pip install 'umie-service[tables]'"
        ) from error
    digest = digest_of(path)
    try:
        with pq.ParquetFile(path) as file:
            count, names = file.metadata.num_rows, file.schema_arrow.names
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{shown(path)} is not a Parquet file: {error}") from error
    left_out = columns.check(names, path)
    return Documents(count, digest, lambda: _documents(path, columns), left_out)


def _documents(path: Path, columns: ColumnNames) -> Iterator[Document]:
    import pyarrow.parquet as pq

    number = 0
    with pq.ParquetFile(path) as file:
        names = [name for name in file.schema_arrow.names if columns.role_of(name)]
        for batch in file.iter_batches(_ROWS, columns=names):
            for row in batch.to_pylist():
                number += 1
                yield document_of(columns.of_table(row), number, path.parent)
