"""Reads documents from JSON lines on standard input."""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from pathlib import Path

from cli.inputs.column_names import ColumnNames
from cli.inputs.documents import Documents
from cli.inputs.json_lines import read_ndjson
from tasks.errors import DataError

STDIN = Path("-")


def read_standard_input(columns: ColumnNames) -> Documents:
    """Read all lines as `read_ndjson`; image paths are relative to the working directory.

    The lines are stored in a temporary file until the process exits, because they are read twice.

    Raises:
        DataError: there are no documents.
    """
    folder = Path(tempfile.mkdtemp(prefix="umie-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "standard-input.ndjson"
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    documents = read_ndjson(path, columns, images=Path())
    if not documents.count:
        raise DataError("standard input has no documents; it must be lines of JSON")
    return documents
