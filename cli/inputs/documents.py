"""The documents of a batch, read lazily."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from cli.inputs.document import Document
from cli.inputs.files import shown
from tasks.errors import DataError


@dataclass(frozen=True, slots=True)
class Documents:
    """A collection of documents.

    Attributes:
        count: number of documents.
        digest: SHA-256 of their file; None for a folder, whose documents have ids by file name.
        read: returns a new iterator over them, in order.
        left_out: ignored columns.
    """

    count: int
    digest: str | None
    read: Callable[[], Iterator[Document]]
    left_out: tuple[str, ...] = ()


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex; raises `DataError`."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{shown(path)} cannot be read: {error.strerror}") from error
