"""Reads the texts of files; PDF, Word and HTML files are parsed in a separate process."""

from __future__ import annotations

from pathlib import Path

from cli.inputs.files import decode_text, read_bytes, shown
from service.documents.process import PARSED, ReaderLimits, ReaderProcess
from tasks.errors import DataError, DocumentError, ReaderUnavailable

MOST_BYTES = 64 << 20
"""Most bytes of a file."""
LIMITS = ReaderLimits(timeout_s=60.0, memory_bytes=1 << 30, max_chars=5_000_000)
"""Limits of reading a file."""


def text_of(path: Path) -> str:
    """Read the text of a file by its suffix; files with unknown suffixes are text in UTF-8.

    Raises:
        DataError: the file cannot be read, is too large, or takes too much time or memory.
    """
    kind = PARSED.get(path.suffix.lower())
    if kind is None:
        return decode_text(read_bytes(path), shown(path))
    try:
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise DataError(f"{shown(path)} cannot be read: {error}") from error
    if size > MOST_BYTES:
        raise DataError(f"{shown(path)} has {size} bytes, at most {MOST_BYTES} are allowed")
    data = read_bytes(path)
    try:
        return ReaderProcess(kind, LIMITS).text_of(data, shown(path))
    except (DocumentError, ReaderUnavailable) as error:
        raise DataError(str(error)) from error
