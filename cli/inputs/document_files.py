"""Reads the texts of files; PDF, Word and HTML files are parsed in a separate process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from cli.inputs.files import decode_text, read_bytes, shown
from tasks.errors import DataError

MOST_BYTES = 64 << 20
"""Most bytes of a file."""
MOST_SECONDS = 60.0
"""Most wall-clock seconds to read a file."""

PLAIN = frozenset({".md", ".txt"})
PARSED = {".docx": "docx", ".htm": "html", ".html": "html", ".pdf": "pdf"}
"""Suffix -> format of the other documents."""
DOCUMENTS = PLAIN | PARSED.keys()


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
    return _read_in_process(path, kind)


def _read_in_process(path: Path, kind: str) -> str:
    # -P: modules in the working directory are not imported
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
