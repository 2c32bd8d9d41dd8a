"""Documents in lines of JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic_core import from_json

from cli.inputs.column_names import DEFAULT, ColumnNames
from cli.inputs.document import Document
from cli.inputs.documents import Documents, digest_of
from cli.inputs.row import broken, document_of

_BOM = b"\xef\xbb\xbf"


def read_ndjson(
    path: Path, columns: ColumnNames = DEFAULT, *, images: Path | None = None
) -> Documents:
    """Read one JSON object per line, with the fields of `/batch` and an id; `image` is a path.

    Empty lines are skipped but counted; the default id is the line number.

    Args:
        path: the file.
        columns: keys of the id, the text and the image.
        images: folder that image paths are relative to, by default the file's folder.

    Raises:
        DataError: the file cannot be read.
    """
    folder = path.parent if images is None else images
    count = sum(1 for _ in _lines(path))
    return Documents(count, digest_of(path), lambda: _documents(path, columns, folder))


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            plain = line.removeprefix(_BOM) if number == 1 else line
            if plain.strip():
                yield number, plain


def _documents(path: Path, columns: ColumnNames, folder: Path) -> Iterator[Document]:
    for number, line in _lines(path):
        try:
            row = from_json(line, allow_inf_nan=False)
        except ValueError:
            yield broken(number, "is not JSON in UTF-8")
            continue
        if isinstance(row, dict):
            yield document_of(columns.of_object(row), number, folder)
        else:
            yield broken(number, "must be one JSON object")
