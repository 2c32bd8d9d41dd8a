"""The forms of a batch's output, by the ending of its name.

Answers are always written as lines of JSON, so that any output can be resumed. Where OUT is in
another form, the lines stand in OUT.ndjson, and OUT is made of them when all documents are done.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cli.backends.answer import DocumentAnswer
from cli.inputs.document import shown
from cli.outputs.answer_file import RESTART_HINT
from cli.outputs.csv_file import write_csv
from cli.outputs.parquet_file import check_pyarrow, write_parquet
from cli.outputs.turtle_file import check_rdflib, write_turtle
from tasks.errors import DataError


@dataclass(frozen=True, slots=True)
class Form:
    """How answers are written, and a check that what this needs is installed."""

    write: Callable[[Iterator[DocumentAnswer], Path], None]
    check: Callable[[], None] = lambda: None


_LINES = frozenset({".ndjson", ".jsonl"})
_FORMS = {
    ".csv": Form(write_csv),
    ".parquet": Form(write_parquet, check_pyarrow),
    ".ttl": Form(write_turtle, check_rdflib),
}


def check_ending(out: Path) -> None:
    """Raise `DataError` where OUT has another ending, or its form needs what is not installed."""
    ending = out.suffix.lower()
    if ending in _LINES:
        return
    if ending not in _FORMS:
        allowed = ", ".join((*sorted(_LINES), *_FORMS))
        raise DataError(f"--out {shown(out)} is to end in one of {allowed}")
    _FORMS[ending].check()


def lines_path(out: Path) -> Path:
    """Where the lines of JSON stand: OUT itself, or OUT.ndjson beside it."""
    return out if out.suffix.lower() in _LINES else out.with_name(f"{out.name}.ndjson")


def check_own(out: Path) -> None:
    """Raise `DataError` where OUT exists, and not the lines that it would have been made of."""
    if out.exists() and not lines_path(out).exists():
        raise DataError(f"{shown(out)} was not begun by umie batch; {RESTART_HINT}")


def finish(out: Path) -> None:
    """Make OUT of the lines beside it, at once and whole; nothing where OUT holds the lines."""
    lines = lines_path(out)
    if lines == out:
        return
    made = out.with_name(f"{out.name}.new")
    try:
        _FORMS[out.suffix.lower()].write(_answers(lines), made)
        os.replace(made, out)
    finally:
        made.unlink(missing_ok=True)


def _answers(lines: Path) -> Iterator[DocumentAnswer]:
    with lines.open("rb") as file:
        for line in file:
            yield DocumentAnswer.model_validate_json(line)
