"""Documents in lines of JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic_core import from_json

from cli.inputs.document import Document
from cli.inputs.documents import Documents, digest_of
from cli.inputs.row import broken, document_of

_BOM = b"\xef\xbb\xbf"


def read_ndjson(path: Path) -> Documents:
    """Read one JSON object per line, with the fields of `/batch` and an id; `image` is a path.

    Empty lines are skipped but counted; the default id is the line number.

    Raises:
        DataError: the file cannot be read.
    """
    digest = digest_of(path)
    return Documents(sum(1 for _ in _lines(path)), digest, lambda: _documents(path))


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            plain = line.removeprefix(_BOM) if number == 1 else line
            if plain.strip():
                yield number, plain


def _documents(path: Path) -> Iterator[Document]:
    for number, line in _lines(path):
        try:
            row = from_json(line, allow_inf_nan=False)
        except ValueError:
            yield broken(number, "is not JSON in UTF-8")
            continue
        if isinstance(row, dict):
            yield document_of(row, number, path.parent)
        else:
            yield broken(number, "must be one JSON object")
