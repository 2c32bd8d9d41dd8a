"""Turns lines that libraries write to standard output and error into log records.

C++ libraries bypass Python's logging. If every line must be a JSON object, a pipe has to replace
the file descriptors.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
from typing import TextIO

log = logging.getLogger("stderr")

_MAX_LINE = 8192
_WAIT_S = 2.0


def capture() -> TextIO:
    """Redirect standard output and error to a pipe and log each line from it.

    Returns:
        The original standard error, for the log itself.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    own = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    saved = os.dup(1)
    reading, writing = os.pipe()
    for descriptor in (1, 2):
        os.dup2(writing, descriptor)
    os.close(writing)
    reader = threading.Thread(target=_read, args=(reading,), name="foreign lines", daemon=True)
    reader.start()
    atexit.register(_restore, saved, own.fileno(), reader)
    return own


def _read(reading: int) -> None:
    with open(reading, "rb") as lines:
        while line := lines.readline(_MAX_LINE):
            if text := line.decode(errors="replace").rstrip():
                log.info(text)


def _restore(output: int, error: int, reader: threading.Thread) -> None:
    """Restore the descriptors and log the last lines, before the process exits."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.dup2(output, 1)
    os.dup2(error, 2)
    reader.join(_WAIT_S)
