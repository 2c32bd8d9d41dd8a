from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cli.inputs import document_files
from cli.inputs.document_files import LIMITS, text_of
from tasks.errors import DataError
from tests.support.documents import docx, paragraph, pdf

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
    monkeypatch.setattr(document_files, "LIMITS", replace(LIMITS, timeout_s=0.01))
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


def test_a_process_that_dies_is_an_error_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    (tmp_path / "a.html").write_bytes(b"<p>Ann")
    with pytest.raises(DataError, match=r"a\.html cannot be read: its reader failed; save"):
        text_of(tmp_path / "a.html")
