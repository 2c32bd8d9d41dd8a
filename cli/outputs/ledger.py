"""The output of a batch: a line for each document, in order, so that a later run can go on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from cli.answering.answer import Answered
from cli.inputs.document import Document, shown
from cli.inputs.documents import Documents
from tasks.errors import DataError

AGAIN = "--restart begins anew"


class Ledger:
    """Answers to `documents` in the file `out`, which is open between `__enter__` and `__exit__`.

    done: how many documents have their line. failed: how many of these are errors.
    """

    def __init__(self, out: Path, documents: Documents) -> None:
        self._out, self._documents = out, documents
        self._file: FileIO | None = None
        self.done = self.failed = 0

    def take_up(self) -> None:
        """Count what is there; a last line that a run left unfinished is cut off.

        Raises `DataError` where it is no batch's output, or that of other documents.
        """
        if self._out.exists():
            os.truncate(self._out, self._whole())

    def rest(self) -> Iterator[Document]:
        """The documents that have no line yet."""
        documents = self._documents.read()
        for _ in range(self.done):
            next(documents)
        return documents

    def write(self, answered: Answered) -> None:
        """Add a document's line; raises OSError where the disk is full."""
        assert self._file is not None
        line = memoryview(answered.model_dump_json().encode() + b"\n")
        while line:
            line = line[self._file.write(line) :]
        self._count(answered)

    def __enter__(self) -> Self:
        """Open the file."""
        self._file = self._out.open("ab", buffering=0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        assert self._file is not None
        self._file.close()

    def _whole(self) -> int:
        """Count the lines that are there; how many bytes whole ones have."""
        end, documents = 0, self._documents.read()
        with self._out.open("rb") as file:
            for line in file:
                answered = _answered(line)
                if answered is None:
                    if next(file, None) is None:
                        break
                    raise DataError(f"{shown(self._out)}, line {self.done + 1}: no answer; {AGAIN}")
                document = next(documents, None)
                if document is None or document.id != answered.id:
                    raise DataError(f"{shown(self._out)} answers another input; {AGAIN}")
                end += len(line)
                self._count(answered)
        return end

    def _count(self, answered: Answered) -> None:
        self.done += 1
        self.failed += answered.error is not None


def _answered(line: bytes) -> Answered | None:
    if not line.endswith(b"\n"):
        return None
    try:
        return Answered.model_validate_json(line)
    except ValueError:
        return None
