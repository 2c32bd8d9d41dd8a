"""Documents in lines of JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic_core import from_json

from cli.inputs.document import Document
from cli.inputs.documents import Documents, digest_of
from cli.inputs.row import broken, document_of

_MARK = b"\xef\xbb\xbf"


def read_ndjson(path: Path) -> Documents:
    """One JSON object a line, its keys as `/batch` takes them, `image` being a path; and an id.

    Empty lines are passed over but counted, so that a line's number is its id where it has none.
    Raises `DataError` where the file cannot be read.
    """
    digest = digest_of(path)
    return Documents(sum(1 for _ in _lines(path)), digest, lambda: _documents(path))


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            plain = line.removeprefix(_MARK) if number == 1 else line
            if plain.strip():
                yield number, plain


def _documents(path: Path) -> Iterator[Document]:
    for number, line in _lines(path):
        try:
            row = from_json(line, allow_inf_nan=False)
        except ValueError:
            yield broken(number, "is no JSON in UTF-8")
            continue
        if isinstance(row, dict):
            yield document_of(row, number, path.parent)
        else:
            yield broken(number, "is to be one JSON object")
