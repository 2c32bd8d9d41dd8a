from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from service.documents import process, reader
from service.documents.process import ReaderLimits, ReaderProcess
from service.documents.reader import DocumentReader
from service.settings import Settings
from tasks.errors import (
    DocumentTooLarge,
    DocumentUnreadable,
    DocumentUnsupported,
    ReaderUnavailable,
)
from tests.support.documents import docx, paragraph, pdf

pytestmark = pytest.mark.anyio

LIMITS = ReaderLimits(timeout_s=30.0, memory_bytes=1 << 30, max_chars=100)
PAGE = b"<p>Ann"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


Replace = Callable[[str], None]


@pytest.fixture
def instead(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Replace:
    """Runs a shell script instead of the reader's process."""

    def replace(script: str) -> None:
        program = tmp_path / "reader"
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))

    return replace


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.txt", b"\xef\xbb\xbfAnn\r\n", "Ann\r\n"),
        ("a.MD", "# Änn 👋".encode(), "# Änn 👋"),
        ("letter.pdf", pdf("Ann", "Bob"), "Ann\fBob"),
        ("C:\\letters\\a.docx", docx(paragraph("Änn")), "Änn"),
        ("a.b.html", b"<p>Ann<p>Bob", "Ann\nBob"),
    ],
)
async def test_a_document_is_read_by_the_ending_of_its_name(
    name: str, data: bytes, text: str
) -> None:
    assert await DocumentReader(Settings()).text_of(name, data) == text


@pytest.mark.parametrize("name", ["a.odt", "pdf", "", ".pdf"])
async def test_other_kinds_are_refused_with_those_there_are(name: str) -> None:
    words = r"one of \.docx, \.htm, \.html, \.md, \.pdf, \.txt; save it as one of them"
    with pytest.raises(DocumentUnsupported, match=words):
        await DocumentReader(Settings()).text_of(name, b"Ann")


@pytest.mark.parametrize("name", ["a.txt", "a.html", "a.pdf"])
async def test_bytes_are_counted_before_they_are_read(name: str, instead: Replace) -> None:
    instead("exit 1")
    with pytest.raises(DocumentTooLarge, match="at most 5 bytes, not 6; split it") as caught:
        await DocumentReader(Settings(max_document_bytes=5)).text_of(name, PAGE)
    assert caught.value.limit == 5


@pytest.mark.parametrize(("name", "file"), [("a.txt", "text"), ("a.html", "HTML")])
async def test_characters_are_limited(name: str, file: str) -> None:
    with pytest.raises(DocumentTooLarge, match=f"the {file} file has 4 characters, at most 3"):
        await DocumentReader(Settings(max_text_chars=3)).text_of(name, b"Anna")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", b"\xff\xfe", "the text file is not in UTF-8; save it in UTF-8"),
        ("a.md", b" \n", "the text file has no text"),
        ("a.html", b"<p>", "the HTML file has no text"),
        ("a.pdf", b"no PDF", "the PDF file is not a PDF file, or is damaged; save it again"),
        ("a.docx", b"no zip", "the Word file is not a Word file"),
    ],
)
async def test_what_cannot_be_read_is_told_with_its_kind(
    name: str, data: bytes, message: str
) -> None:
    with pytest.raises(DocumentUnreadable, match=message):
        await DocumentReader(Settings()).text_of(name, data)


@pytest.mark.parametrize(
    ("script", "kind", "message"),
    [
        ("exec sleep 60", DocumentTooLarge, "the HTML file takes longer than 0.3 s to read"),
        ("kill -9 $$", DocumentTooLarge, "takes too much time or memory to read; split it"),
        ("exit 3", DocumentUnreadable, "its reader failed; save it again, or send its text"),
        ("kill -11 $$", DocumentUnreadable, "its reader failed"),
        ("echo no JSON", DocumentUnreadable, "its reader failed"),
    ],
)
async def test_a_reader_that_dies_or_takes_too_long_is_an_error_of_the_document(
    script: str, kind: type[Exception], message: str, instead: Replace
) -> None:
    timeout_s = 0.3 if "sleep" in script else 30.0
    instead(script)
    with pytest.raises(kind, match=message):
        await DocumentReader(Settings(document_timeout_s=timeout_s)).text_of("a.html", PAGE)


async def test_a_reader_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/program")
    with pytest.raises(ReaderUnavailable, match="cannot be started; try again"):
        await DocumentReader(Settings()).text_of("a.html", PAGE)


def test_memory_is_limited() -> None:
    # far below what the process itself takes
    limits = ReaderLimits(timeout_s=30.0, memory_bytes=20 << 20, max_chars=100)
    with pytest.raises((DocumentTooLarge, DocumentUnreadable)):
        ReaderProcess("pdf", limits).text_of(pdf("Ann"), "a.pdf")


async def test_a_cancelled_reading_ends_its_process(instead: Replace, tmp_path: Path) -> None:
    instead(f"echo $$ > {tmp_path}/pid; exec sleep 60")
    documents = DocumentReader(Settings(document_readers=1))
    reading = asyncio.ensure_future(documents.text_of("a.html", PAGE))
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text(encoding="utf-8"):
        await asyncio.sleep(0.01)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    pid = (tmp_path / "pid").read_text(encoding="utf-8").strip()
    until = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < until
        await asyncio.sleep(0.01)
    instead('echo "{\\"text\\": \\"Bob\\"}"')
    assert await documents.text_of("a.html", PAGE) == "Bob"


async def test_a_few_documents_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    running = most = 0
    lock = threading.Lock()

    class Counted:
        def __init__(self, kind: str, limits: ReaderLimits) -> None:
            pass

        def text_of(self, data: bytes, subject: str) -> str:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.02)
            with lock:
                running -= 1
            return subject

    monkeypatch.setattr(reader, "ReaderProcess", Counted)
    documents = DocumentReader(Settings(document_readers=2))
    texts = await asyncio.gather(*(documents.text_of("a.pdf", b"") for _ in range(8)))
    assert texts == ["the PDF file"] * 8 and most == 2


def test_the_suffixes_are_those_of_the_command_line() -> None:
    assert {".docx", ".htm", ".html", ".md", ".pdf", ".txt"} == process.DOCUMENTS
