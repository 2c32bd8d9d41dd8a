"""Reads the text of one PDF, Word or HTML file, in a process of its own.

`python -m cli.inputs.document_worker pdf < FILE` prints {"text": …} or {"fault": …}. What it may
take is limited, since a file of some kilobytes can ask for all memory there is.
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
    """Bound this process's memory and time, and let it write no file, where the system can."""
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
    """The text, or why there is none."""
    try:
        text = _READERS[kind](data)
    except Unreadable as error:
        return {"fault": str(error)}
    except MemoryError:
        return {"fault": f"takes more than {MOST_MEMORY >> 20} MiB of memory to read"}
    except Exception as error:  # damaged files make their readers raise nearly anything
        return {"fault": f"is damaged: {type(error).__name__}"}
    if len(text) > MOST_CHARACTERS:
        return {"fault": f"has {len(text)} characters, at most {MOST_CHARACTERS} are read"}
    if not text.strip():
        return {"fault": "holds no text; a scan needs OCR first"}
    return {"text": text.encode("utf-8", errors="replace").decode("utf-8")}


def main() -> None:
    """Read standard input and print the answer."""
    limit_resources()
    data = sys.stdin.buffer.read()
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="ascii")
    json.dump(answer(sys.argv[1], data), out)
    out.flush()


if __name__ == "__main__":
    main()
