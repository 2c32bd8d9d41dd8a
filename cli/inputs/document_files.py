"""Texts in files: plain ones are decoded here, others read by a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from cli.inputs.document import decode_text, read_bytes, shown
from tasks.errors import DataError

MOST_BYTES = 64 << 20
"""Of a file."""
MOST_SECONDS = 60.0
"""Until a file is read, waiting for a core included."""

PLAIN = frozenset({".md", ".txt"})
READ = {".docx": "docx", ".htm": "html", ".html": "html", ".pdf": "pdf"}
"""What the endings of other documents are read as."""
DOCUMENTS = PLAIN | READ.keys()


def text_of(path: Path) -> str:
    """The text of a file, by its ending; one with another ending is a text in UTF-8.

    Raises `DataError` where it cannot be read, is too large, or takes too much time or memory.
    """
    kind = READ.get(path.suffix.lower())
    if kind is None:
        return decode_text(read_bytes(path), shown(path))
    try:
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise DataError(f"{shown(path)} cannot be read: {error}") from error
    if size > MOST_BYTES:
        raise DataError(f"{shown(path)} has {size} bytes, at most {MOST_BYTES} are read")
    return _read_apart(path, kind)


def _read_apart(path: Path, kind: str) -> str:
    # -P: what lies in the working directory is not imported
    command = [sys.executable, "-P", "-m", "cli.inputs.document_worker", kind]
    try:
        done = subprocess.run(
            command, input=read_bytes(path), capture_output=True, timeout=MOST_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise DataError(f"{shown(path)} takes longer than {MOST_SECONDS:.0f} s to read") from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        raise DataError(f"{shown(path)} takes too much time or memory to read") from error
    if "fault" in answer:
        raise DataError(f"{shown(path)} {answer['fault']}")
    return str(answer["text"])
