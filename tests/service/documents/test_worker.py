from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.documents import worker
from tasks.errors import DocumentTooLarge, DocumentUnreadable, DocumentUnsupported

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.skipif(sys.platform != "linux", reason="others do not limit an address space")
def test_memory_and_files_are_limited(tmp_path: Path) -> None:
    script = (
        "from service.documents.worker import limit_resources\n"
        "limit_resources(1 << 30, 10)\n"
        "try: bytearray(1 << 30)\n"
        "except MemoryError: open('a', 'wb', buffering=0).write(b'a')"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode != 0 and b"File too large" in done.stderr
    assert (tmp_path / "a").stat().st_size == 0


@pytest.mark.parametrize(
    ("outcome", "error", "fault"),
    [
        (DocumentUnreadable("is encrypted"), DocumentUnreadable, "is encrypted"),
        (DocumentUnsupported("needs x"), DocumentUnsupported, "needs x"),
        (MemoryError(), DocumentTooLarge, "takes too much memory to read; split it"),
        (ValueError("odd"), DocumentUnreadable, "is damaged (ValueError); save it again"),
        ("a" * 101, DocumentTooLarge, "has 101 characters, at most 100 are allowed; split it"),
        (" \f\n", DocumentUnreadable, "has no text; a scan needs OCR first"),
    ],
)
def test_the_worker_says_why_there_is_no_text(
    outcome: Exception | str,
    error: type[Exception],
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def read(_: bytes) -> str:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setitem(worker._READERS, "pdf", read)
    assert worker.answer("pdf", b"", 100) == {"error": error.__name__, "fault": fault}
