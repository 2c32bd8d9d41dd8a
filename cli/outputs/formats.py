"""The output formats of a batch, selected by the suffix of the file.

Results are always written as lines of JSON, so that every run can be resumed. For other formats the
lines are in OUT.ndjson, and OUT is written from them when all documents are done.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cli.backends.answer import DocumentAnswer
from cli.inputs.files import shown
from cli.outputs.answer_file import RESTART_HINT
from cli.outputs.csv_file import write_csv
from cli.outputs.parquet_file import check_pyarrow, write_parquet
from cli.outputs.turtle_file import check_rdflib, write_turtle
from tasks.errors import DataError


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """A writer of results, and a check that the packages it needs are installed."""

    write: Callable[[Iterator[DocumentAnswer], Path], None]
    check: Callable[[], None] = lambda: None


_LINE_SUFFIXES = frozenset({".ndjson", ".jsonl"})
_FORMATS = {
    ".csv": OutputFormat(write_csv),
    ".parquet": OutputFormat(write_parquet, check_pyarrow),
    ".ttl": OutputFormat(write_turtle, check_rdflib),
}


def check_ending(out: Path) -> None:
    """Check the suffix of OUT; raises `DataError` if it is unknown, or a package is missing."""
    ending = out.suffix.lower()
    if ending in _LINE_SUFFIXES:
        return
    if ending not in _FORMATS:
        allowed = ", ".join((*sorted(_LINE_SUFFIXES), *_FORMATS))
        raise DataError(f"--out {shown(out)} must end in one of {allowed}")
    _FORMATS[ending].check()


def lines_path(out: Path) -> Path:
    """Return the path of the lines of JSON: OUT itself, or OUT.ndjson."""
    return out if out.suffix.lower() in _LINE_SUFFIXES else out.with_name(f"{out.name}.ndjson")


def check_own(out: Path) -> None:
    """Check that OUT was written by a batch; raises `DataError` if it exists without its lines."""
    if out.exists() and not lines_path(out).exists():
        raise DataError(f"{shown(out)} was not written by umie batch; {RESTART_HINT}")


def finish(out: Path) -> None:
    """Write OUT from its lines and replace it atomically; nothing to do if OUT has the lines."""
    lines = lines_path(out)
    if lines == out:
        return
    made = out.with_name(f"{out.name}.new")
    try:
        _FORMATS[out.suffix.lower()].write(_results(lines), made)
        os.replace(made, out)
    finally:
        made.unlink(missing_ok=True)


def _results(lines: Path) -> Iterator[DocumentAnswer]:
    with lines.open("rb") as file:
        for line in file:
            yield DocumentAnswer.model_validate_json(line)
