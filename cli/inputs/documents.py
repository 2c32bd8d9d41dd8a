"""The documents of a batch, read as they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from cli.inputs.document import Document, shown
from tasks.errors import DataError


@dataclass(frozen=True, slots=True)
class Documents:
    """Any number of documents.

    count: how many there are. digest: SHA-256 of the file they stand in, None for a folder, whose
    files' names tell documents apart. left_out: columns that nothing reads. read: goes through them
    in order, as often as it is called.
    """

    count: int
    digest: str | None
    read: Callable[[], Iterator[Document]]
    left_out: tuple[str, ...] = ()


def digest_of(path: Path) -> str:
    """A file's SHA-256 in hex; raises `DataError`."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{shown(path)} cannot be read: {error.strerror}") from error
