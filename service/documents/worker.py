"""The process that extracts the text of one PDF, Word or HTML file.

`service.documents.process` starts it. It reads the file from standard input and prints {"text": …}
or {"error": …, "fault": …}. Its memory and time are limited, because a small file can expand
without bound.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import suppress

from service.documents.texts import docx_text, html_text, pdf_text
from tasks.errors import DocumentError, DocumentTooLarge, DocumentUnreadable

_READERS: dict[str, Callable[[bytes], str]] = {
    "pdf": pdf_text,
    "docx": docx_text,
    "html": html_text,
}


def limit_resources(memory_bytes: int, cpu_s: int) -> None:
    """Limit the memory and time of this process and forbid it to write files, except on Windows."""
    if sys.platform == "win32":
        return
    import resource

    for kind, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def answer(kind: str, data: bytes, max_chars: int) -> dict[str, str]:
    """Extract the text; returns {"text"}, or {"error", "fault"}: a class and its message."""
    try:
        text = _READERS[kind](data)
    except DocumentError as error:
        return _fault(error)
    except MemoryError:
        return _fault(DocumentTooLarge("takes too much memory to read; split it"))
    except Exception as error:  # the parsers raise many types for damaged files
        return _fault(DocumentUnreadable(f"is damaged ({type(error).__name__}); save it again"))
    if (fault := fault_of(text, max_chars)) is not None:
        return _fault(fault)
    return {"text": text.encode("utf-8", errors="replace").decode("utf-8")}


def fault_of(text: str, max_chars: int) -> DocumentError | None:
    """The error of a text that is too long or blank; None for other texts."""
    if len(text) > max_chars:
        return DocumentTooLarge(
            f"has {len(text)} characters, at most {max_chars} are allowed; split it"
        )
    return None if text.strip() else DocumentUnreadable("has no text; a scan needs OCR first")


def _fault(error: DocumentError) -> dict[str, str]:
    return {"error": type(error).__name__, "fault": str(error)}


def main() -> None:
    """Read the file from standard input and print the result."""
    kind = sys.argv[1]
    max_chars, memory_bytes, cpu_s = (int(number) for number in sys.argv[2:])
    limit_resources(memory_bytes, cpu_s)
    data = sys.stdin.buffer.read()
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="ascii")
    json.dump(answer(kind, data, max_chars), out)
    out.flush()


if __name__ == "__main__":
    main()
