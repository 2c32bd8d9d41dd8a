"""Bytes and texts of files, and their names in messages."""

from __future__ import annotations

import os
from pathlib import Path

from tasks.errors import DataError

_SHOWN = 100
"""Most characters of a path in a message."""


def read_bytes(path: Path) -> bytes:
    """Read a file; raises `DataError`."""
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{shown(path)} cannot be read: {reason}") from error


def decode_text(data: bytes, name: str) -> str:
    """Decode UTF-8, without a byte order mark; raises `DataError`."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not text in UTF-8") from error


def shown(path: Path | str) -> str:
    """Format a path for messages: truncated, with invalid UTF-8 replaced."""
    text = os.fsencode(path).decode("utf-8", errors="replace")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
