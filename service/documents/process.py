"""Starts the process that reads one PDF, Word or HTML file, and takes its answer."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import dataclass

from tasks.errors import (
    DocumentError,
    DocumentTooLarge,
    DocumentUnreadable,
    DocumentUnsupported,
    ReaderUnavailable,
)

PLAIN = frozenset({".md", ".txt"})
PARSED = {".docx": "docx", ".htm": "html", ".html": "html", ".pdf": "pdf"}
"""Suffix -> format of the documents that are read in a process of their own."""
DOCUMENTS = PLAIN | PARSED.keys()
"""Lower-case suffixes of all documents."""

_ERRORS: dict[str, type[DocumentError]] = {
    kind.__name__: kind for kind in (DocumentTooLarge, DocumentUnreadable, DocumentUnsupported)
}
_KILLED = frozenset({-9, -24})
"""Exit codes of a process that the system ends for its memory or time: SIGKILL and SIGXCPU."""


@dataclass(frozen=True, slots=True)
class ReaderLimits:
    """What a reader may take: seconds, bytes of address space, and characters of the text."""

    timeout_s: float
    memory_bytes: int
    max_chars: int


class ReaderProcess:
    """A running process that reads one file."""

    def __init__(self, kind: str, limits: ReaderLimits) -> None:
        """Start the process.

        Args:
            kind: one of the formats in `PARSED`.
            limits: of its time, its memory and the text.

        Raises:
            ReaderUnavailable: the process cannot be started.
        """
        self._limits = limits
        cpu_s = math.ceil(limits.timeout_s)
        numbers = map(str, (limits.max_chars, limits.memory_bytes, cpu_s))
        # -P: modules in the working directory are not imported
        command = [sys.executable, "-P", "-m", "service.documents.worker", kind, *numbers]
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            raise ReaderUnavailable(
                "the process that reads documents cannot be started; try again, or send the text"
            ) from error

    def text_of(self, data: bytes, subject: str) -> str:
        """Read the text of a file; call it once.

        Args:
            data: the file.
            subject: how messages name it.

        Raises:
            DocumentError: a leaf of it, where there is no text.
        """
        timeout_s = self._limits.timeout_s
        with self._process as process:
            try:
                out, _ = process.communicate(data, timeout=timeout_s)
            except subprocess.TimeoutExpired as error:
                process.kill()
                raise DocumentTooLarge(
                    f"{subject} takes longer than {timeout_s:g} s to read; split it"
                ) from error
            except BaseException:
                process.kill()
                raise
        return _text_in(out, process.returncode, subject)

    def kill(self) -> None:
        """End the process; `text_of` then raises."""
        self._process.kill()


def _text_in(out: bytes, code: int, subject: str) -> str:
    try:
        answer = json.loads(out)
    except ValueError as error:
        if code in _KILLED:
            raise DocumentTooLarge(
                f"{subject} takes too much time or memory to read; split it"
            ) from error
        raise DocumentUnreadable(
            f"{subject} cannot be read: its reader failed; save it again, or send its text"
        ) from error
    if "fault" in answer:
        raise _ERRORS[answer["error"]](f"{subject} {answer['fault']}")
    return str(answer["text"])
