"""Lines that other libraries write to standard output and error themselves, as log records.

Libraries in C++ write past Python's logging; where every line is to be a JSON object, these must
be read from a pipe in the descriptors' place.
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
    """Put a pipe in place of standard output and error, and log each line that comes.

    Returns:
        The standard error that was there before, for the log itself.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    own = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    saved = os.dup(1)
    reading, writing = os.pipe()
    for descriptor in (1, 2):
        os.dup2(writing, descriptor)
    os.close(writing)
    # where a stream is not the descriptor, as under a test, it is left alone
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
    """The last lines are logged before the process ends."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.dup2(output, 1)
    os.dup2(error, 2)
    reader.join(_WAIT_S)
