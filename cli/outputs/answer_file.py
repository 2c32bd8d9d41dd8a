"""The output of a batch: one NDJSON line per document, in input order, so that runs resume."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from cli.backends.answer import DocumentAnswer
from cli.inputs.document import Document
from cli.inputs.documents import Documents
from cli.inputs.files import shown
from tasks.errors import DataError

RESTART_HINT = "use --restart to start over"


class AnswerFile:
    """The results of `documents` in the file `out`, open between `__enter__` and `__exit__`.

    Attributes:
        done: number of documents with a line.
        failed: number of lines with an error.
    """

    def __init__(self, out: Path, documents: Documents) -> None:
        self._out, self._documents = out, documents
        self._file: FileIO | None = None
        self.done = self.failed = 0

    def recover(self) -> None:
        """Count the answers in the file and truncate an incomplete last line.

        Raises `DataError` if it is not a batch's output, or answers other documents.
        """
        if self._out.exists():
            os.truncate(self._out, self._whole())

    def rest(self) -> Iterator[Document]:
        """The documents without an answer."""
        documents = self._documents.read()
        for _ in range(self.done):
            next(documents)
        return documents

    def write(self, answer: DocumentAnswer) -> None:
        """Append a document's answer; raises OSError if the disk is full."""
        assert self._file is not None
        line = memoryview(answer.model_dump_json().encode() + b"\n")
        while line:
            line = line[self._file.write(line) :]
        self._count(answer)

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
        """Count the complete lines; returns their total size in bytes."""
        end, documents = 0, self._documents.read()
        with self._out.open("rb") as file:
            for line in file:
                answer = _parse_answer(line)
                if answer is None:
                    if next(file, None) is None:
                        break
                    raise DataError(
                        f"{shown(self._out)}, line {self.done + 1}: not a result; {RESTART_HINT}"
                    )
                document = next(documents, None)
                if document is None or document.id != answer.id:
                    raise DataError(
                        f"{shown(self._out)} has results of another input; {RESTART_HINT}"
                    )
                end += len(line)
                self._count(answer)
        return end

    def _count(self, answer: DocumentAnswer) -> None:
        self.done += 1
        self.failed += answer.error is not None


def _parse_answer(line: bytes) -> DocumentAnswer | None:
    if not line.endswith(b"\n"):
        return None
    try:
        return DocumentAnswer.model_validate_json(line)
    except ValueError:
        return None
