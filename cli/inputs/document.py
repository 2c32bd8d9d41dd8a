"""An input document: a text, an image, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.inputs.document_files import text_of
from cli.inputs.files import read_bytes
from tasks.errors import UMIEError

PICTURES = frozenset(
    f".{ending}"
    for ending in (
        *("avif", "bmp", "gif", "heic", "heif", "hif", "jfif", "jpe"),
        *("jpeg", "jpg", "mpo", "png", "tif", "tiff", "webp"),
    )
)
"""Lower-case suffixes of image files."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document whose files are read later.

    Attributes:
        id: id in the output.
        fields: fields of the request, including `text` if it is known.
        text: path of the text file.
        image: path of the image file.
        fault: the error if its row is invalid.
    """

    id: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    text: Path | None = None
    image: Path | None = None
    fault: UMIEError | None = None

    def request(self) -> dict[str, Any]:
        """Read the files and return the fields of the request.

        Returns:
            The fields; `image` is the bytes of the file.

        Raises:
            UMIEError: `fault`.
            DataError: a file cannot be read.
        """
        if self.fault is not None:
            raise self.fault
        fields = dict(self.fields)
        if self.text is not None:
            fields["text"] = text_of(self.text)
        if self.image is not None:
            fields["image"] = read_bytes(self.image)
        return fields


def is_picture(path: Path) -> bool:
    """Whether a file name has the suffix of an image."""
    return path.suffix.lower() in PICTURES


def split_list(cell: str) -> list[str]:
    """Split a comma-separated list and strip its items."""
    return [item.strip() for item in cell.split(",")]
