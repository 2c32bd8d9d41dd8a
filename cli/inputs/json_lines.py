"""Documents in lines of JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic_core import from_json

from cli.inputs.column_names import USUAL, ColumnNames
from cli.inputs.document import Document
from cli.inputs.documents import Documents, digest_of
from cli.inputs.row import broken, document_of

_MARK = b"\xef\xbb\xbf"


def read_ndjson(
    path: Path, columns: ColumnNames = USUAL, *, pictures: Path | None = None
) -> Documents:
    """One JSON object a line, its keys as `/batch` takes them, `image` being a path; and an id.

    Empty lines are passed over but counted, so that a line's number is its id where it has none.
    Paths of images are relative to `pictures`, by default the file's folder. Raises `DataError`
    where the file cannot be read.
    """
    folder = path.parent if pictures is None else pictures
    count = sum(1 for _ in _lines(path))
    return Documents(count, digest_of(path), lambda: _documents(path, columns, folder))


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            plain = line.removeprefix(_MARK) if number == 1 else line
            if plain.strip():
                yield number, plain


def _documents(path: Path, columns: ColumnNames, folder: Path) -> Iterator[Document]:
    for number, line in _lines(path):
        try:
            row = from_json(line, allow_inf_nan=False)
        except ValueError:
            yield broken(number, "is no JSON in UTF-8")
            continue
        if isinstance(row, dict):
            yield document_of(columns.of_object(row), number, folder)
        else:
            yield broken(number, "is to be one JSON object")
