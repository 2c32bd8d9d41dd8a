from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.inputs import document_files, document_worker
from cli.inputs.document_files import text_of
from cli.inputs.document_texts import Unreadable
from tasks.errors import DataError
from tests.support.documents import docx, paragraph, pdf

ROOT = Path(__file__).resolve().parents[3]
FILES = {
    "a.txt": (b"\xef\xbb\xbfAnn\r\n", "Ann\r\n"),
    "a.md": (b"# Ann\n\nmet *Bob*", "# Ann\n\nmet *Bob*"),
    "a.log": (b"Ann", "Ann"),
    "a.PDF": (pdf("Ann", "Bob"), "Ann\fBob"),
    "a.docx": (docx(paragraph("Änn")), "Änn"),
    "a.html": (b"<p>Ann<p>Bob", "Ann\nBob"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_by_its_ending(name: str, tmp_path: Path) -> None:
    data, text = FILES[name]
    (tmp_path / name).write_bytes(data)
    assert text_of(tmp_path / name) == text


def test_what_cannot_be_read_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"no PDF")
    with pytest.raises(DataError, match=r"a\.pdf is not a PDF file, or is damaged"):
        text_of(tmp_path / "a.pdf")
    with pytest.raises(DataError, match=r"b\.docx cannot be read"):
        text_of(tmp_path / "b.docx")


def test_bytes_are_counted_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_files, "MOST_BYTES", 5)
    (tmp_path / "a.html").write_bytes(b"<p>Ann")
    with pytest.raises(DataError, match="has 6 bytes, at most 5 are allowed"):
        text_of(tmp_path / "a.html")


def test_a_file_that_takes_too_long_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_files, "MOST_SECONDS", 0.01)
    (tmp_path / "a.html").write_bytes(b"<p>Ann")
    with pytest.raises(DataError, match="takes longer than"):
        text_of(tmp_path / "a.html")


def test_what_lies_in_the_working_directory_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json.py", "docx.py", "resource.py", "cli.py"):
        (tmp_path / name).write_text("raise SystemExit(9)", encoding="utf-8")
    (tmp_path / "a.docx").write_bytes(docx(paragraph("Ann")))
    monkeypatch.chdir(tmp_path)
    assert text_of(Path("a.docx")) == "Ann"


@pytest.mark.skipif(sys.platform != "linux", reason="others do not limit an address space")
def test_memory_and_files_are_limited(tmp_path: Path) -> None:
    script = (
        "from cli.inputs.document_worker import limit_resources, MOST_MEMORY\n"
        "limit_resources()\n"
        "try: bytearray(MOST_MEMORY)\n"
        "except MemoryError: open('a', 'wb', buffering=0).write(b'a')"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode != 0 and b"File too large" in done.stderr
    assert (tmp_path / "a").stat().st_size == 0


def test_a_process_that_dies_is_an_error_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    (tmp_path / "a.html").write_bytes(b"<p>Ann")
    with pytest.raises(DataError, match="takes too much time or memory"):
        text_of(tmp_path / "a.html")


@pytest.mark.parametrize(
    ("outcome", "fault"),
    [
        (Unreadable("is encrypted"), "is encrypted"),
        (MemoryError(), "takes more than 1024 MiB of memory to read"),
        (ValueError("odd"), "is damaged: ValueError"),
        ("a" * 101, "has 101 characters, at most 100 are allowed"),
        (" \f\n", "has no text; a scan needs OCR first"),
    ],
)
def test_the_worker_says_why_there_is_no_text(
    outcome: Exception | str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_: bytes) -> str:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setitem(document_worker._READERS, "pdf", read)
    monkeypatch.setattr(document_worker, "MOST_CHARACTERS", 100)
    assert document_worker.answer("pdf", b"") == {"fault": fault}
