"""A text, a picture, or both, that a model is to be asked about."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.errors import DataError, UMIEError

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
"""Endings, in small letters, of files that are taken for pictures."""

_SHOWN = 100
"""Characters of a path that are told back."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document, its files still unread.

    id: what it is called in the output. fields: of the request, the text's among them where it is
    known. text, image: files. fault: what is wrong with it already.
    """

    id: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    text: Path | None = None
    image: Path | None = None
    fault: UMIEError | None = None

    def request(self) -> dict[str, Any]:
        """The request's fields, `image` being the file's bytes.

        Raises the fault, and `DataError` where a file cannot be read.
        """
        if self.fault is not None:
            raise self.fault
        fields = dict(self.fields)
        if self.text is not None:
            fields["text"] = text_of(bytes_of(self.text), shown(self.text))
        if self.image is not None:
            fields["image"] = bytes_of(self.image)
        return fields


def is_picture(path: Path) -> bool:
    """Whether a file's name ends as a picture's does."""
    return path.suffix.lower() in PICTURES


def bytes_of(path: Path) -> bytes:
    """A file's content; raises `DataError`."""
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{shown(path)} cannot be read: {reason}") from error


def text_of(data: bytes, name: str) -> str:
    """Bytes in UTF-8 as they stand, but for a byte order mark; raises `DataError`."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not a text in UTF-8") from error


def shown(path: Path | str) -> str:
    """A path fit to be printed: of moderate length, and without bytes that are not UTF-8."""
    text = os.fsencode(path).decode("utf-8", errors="replace")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
