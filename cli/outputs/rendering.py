"""Writes an extraction as a drawing on its image, and as an HTML page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schema.extraction import Extraction
from tasks.errors import DataError
from umie_client.drawing import draw
from umie_client.errors import ClientError
from umie_client.markup import page
from umie_client.pictures import opened


def save_drawing(extraction: Extraction, image: bytes, out: Path) -> None:
    """Write the image with its boxes, in the format of the file name's suffix.

    Raises:
        DataError: the image cannot be decoded.
        OSError: the file cannot be written.
    """
    with _data_errors():
        drawn = draw(extraction, opened(image))
    drawn.save(out)


def save_page(extraction: Extraction, text: str, image: bytes | None, out: Path) -> None:
    """Write a self-contained HTML page.

    Raises:
        DataError: the image cannot be decoded.
        OSError: the file cannot be written.
    """
    with _data_errors():
        html = page(extraction, text, image)
    out.write_text(html, encoding="utf-8")


@contextmanager
def _data_errors() -> Iterator[None]:
    """Raise `DataError` for errors of the client."""
    try:
        yield
    except ClientError as error:
        raise DataError(str(error)) from error
