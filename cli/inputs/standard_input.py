"""Documents in lines of JSON on standard input."""

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
    """The lines until the end, as `read_ndjson` reads them; pictures are relative to this folder.

    They are kept in a temporary file until the process ends, since they are counted first. Raises
    `DataError` where there are none.
    """
    folder = Path(tempfile.mkdtemp(prefix="umie-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "standard-input.ndjson"
    with path.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    documents = read_ndjson(path, columns, images=Path())
    if not documents.count:
        raise DataError("standard input holds no documents; it is to be lines of JSON")
    return documents
