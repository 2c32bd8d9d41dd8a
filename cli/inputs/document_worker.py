"""The process that extracts the text of one PDF, Word or HTML file.

`python -m cli.inputs.document_worker pdf < FILE` prints {"text": …} or {"fault": …}. Its memory and
time are limited, because a small file can expand without bound.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import suppress

from cli.inputs.document_texts import Unreadable, docx_text, html_text, pdf_text

MOST_CHARACTERS = 5_000_000
MOST_MEMORY = 1 << 30
MOST_SECONDS = 30

_READERS: dict[str, Callable[[bytes], str]] = {
    "pdf": pdf_text,
    "docx": docx_text,
    "html": html_text,
}


def limit_resources() -> None:
    """Limit the memory and time of this process and forbid it to write files, except on Windows."""
    if sys.platform == "win32":
        return
    import resource

    for kind, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_CPU, MOST_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def answer(kind: str, data: bytes) -> dict[str, str]:
    """Extract the text; returns {"text"} or {"fault"}."""
    try:
        text = _READERS[kind](data)
    except Unreadable as error:
        return {"fault": str(error)}
    except MemoryError:
        return {"fault": f"takes more than {MOST_MEMORY >> 20} MiB of memory to read"}
    except Exception as error:  # the parsers raise many types for damaged files
        return {"fault": f"is damaged: {type(error).__name__}"}
    if len(text) > MOST_CHARACTERS:
        return {"fault": f"has {len(text)} characters, at most {MOST_CHARACTERS} are allowed"}
    if not text.strip():
        return {"fault": "has no text; a scan needs OCR first"}
    return {"text": text.encode("utf-8", errors="replace").decode("utf-8")}


def main() -> None:
    """Read the file from standard input and print the result."""
    limit_resources()
    data = sys.stdin.buffer.read()
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="ascii")
    json.dump(answer(sys.argv[1], data), out)
    out.flush()


if __name__ == "__main__":
    main()
