"""An answer drawn on its image, and as an HTML page."""

from __future__ import annotations

from pathlib import Path

from schema.extraction import Extraction
from umie_client.drawing import draw
from umie_client.markup import page
from umie_client.pictures import opened


def save_drawing(extraction: Extraction, image: bytes, out: Path) -> None:
    """Write the picture with its boxes, in the format that the name's ending says.

    Raises OSError where it cannot be written.
    """
    draw(extraction, opened(image)).save(out)


def save_page(extraction: Extraction, text: str, image: bytes | None, out: Path) -> None:
    """Write a page that needs no other file; raises OSError where it cannot be written."""
    out.write_text(page(extraction, text, image), encoding="utf-8")
