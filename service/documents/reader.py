"""Reads the documents of requests, a few at a time."""

from __future__ import annotations

import asyncio
from pathlib import PurePath

from service.documents.process import DOCUMENTS, PARSED, ReaderLimits, ReaderProcess
from service.documents.worker import fault_of
from service.settings import Settings
from tasks.errors import DocumentTooLarge, DocumentUnreadable, DocumentUnsupported

_TITLES = {"docx": "Word", "html": "HTML", "pdf": "PDF"}


class DocumentReader:
    """Reads documents within the limits of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._max_bytes = settings.max_document_bytes
        self._limits = ReaderLimits(
            settings.document_timeout_s, settings.document_memory_bytes, settings.max_text_chars
        )
        self._free = asyncio.Semaphore(settings.document_readers)

    async def text_of(self, name: str, data: bytes) -> str:
        """Read the text of a document; where all readers are busy, wait for one.

        Args:
            name: the file's name, whose ending tells its kind.
            data: the file.

        Raises:
            DocumentError: a leaf of it, where the text cannot be read.
            ReaderUnavailable: the reader's process cannot be started.
        """
        suffix = PurePath(name).suffix.lower()
        if suffix not in DOCUMENTS:
            raise DocumentUnsupported(
                f"the name of a document must end in one of {', '.join(sorted(DOCUMENTS))}; "
                "save it as one of them, or send its text"
            )
        if len(data) > self._max_bytes:
            raise DocumentTooLarge(
                f"a document must have at most {self._max_bytes} bytes, not {len(data)}; split it",
                limit=self._max_bytes,
            )
        kind = PARSED.get(suffix)
        if kind is None:
            return await asyncio.to_thread(self._decoded, data)
        async with self._free:
            return await self._parsed(kind, data)

    def _decoded(self, data: bytes) -> str:
        """Decode UTF-8, without a byte order mark."""
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DocumentUnreadable("the text file is not in UTF-8; save it in UTF-8") from error
        if (fault := fault_of(text, self._limits.max_chars)) is not None:
            raise type(fault)(f"the text file {fault}")
        return text

    async def _parsed(self, kind: str, data: bytes) -> str:
        process = ReaderProcess(kind, self._limits)
        subject = f"the {_TITLES[kind]} file"
        reading = asyncio.ensure_future(asyncio.to_thread(process.text_of, data, subject))
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            process.kill()
            # The thread takes note of the end of the process; its error is of no use to anybody.
            reading.add_done_callback(lambda done: done.cancelled() or done.exception())
            raise
