"""Opens corpus files; every failure is a `DataError` with file and line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tasks.errors import DataError


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines without line ends. Only line feeds count: posts contain other separators."""
    for number, line in enumerate(text_of(path).split("\n"), start=1):
        yield number, line.removesuffix("\r")


def json_of(path: Path) -> Any:
    """The JSON value in the file `path`."""
    try:
        return json.loads(text_of(path))
    except json.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}: {error.msg}") from error


def text_of(path: Path) -> str:
    """The UTF-8 text of `path` with unchanged line ends."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 from byte {error.start} on") from error


def json_lines_of(path: Path) -> Iterator[tuple[int, Any]]:
    """The JSON values of a file with one per line, with their line numbers."""
    for number, line in lines_of(path):
        if line.strip():
            try:
                yield number, json.loads(line)
            except json.JSONDecodeError as error:
                raise DataError(f"{path}:{number}: {error.msg}") from error
