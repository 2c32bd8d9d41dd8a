"""Answers of the service, as trees and as models."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from schema.extraction import Extraction

TEXT = "Eileen Collins was the first woman to command a NASA space shuttle"


def tree(**parts: Any) -> dict[str, Any]:
    """An answer without anything in it, but for `parts`."""
    timing = dict.fromkeys(("total", "image", "queue", "visual", "fusion", "decode"), 1.5)
    empty: dict[str, Any] = {
        "image": None,
        "regions": [],
        "entities": [],
        "relations": [],
        "events": [],
        "gate": {"entities": 0.5, "relations": None, "events": None},
        "model": "umie-compact@0123abcd",
        "timing_ms": timing,
    }
    return empty | parts


def full_tree() -> dict[str, Any]:
    """An answer to `TEXT` and a picture of 200 x 100 pixels, with something of everything."""
    return tree(
        image={"width": 200, "height": 100},
        regions=[region("O1", (10, 30, 90, 95)), region("O2", (120, 40, 180, 80), label="other")],
        entities=[
            entity(0, "Eileen Collins", 0, "person", ["O1"], score=0.9),
            entity(1, "NASA", 48, "organization", score=0.8),
        ],
        relations=[{"type": "member of", "head": 0, "tail": 1, "score": 0.7}],
        events=[
            {
                "type": "movement:transport",
                "trigger": {"text": "command", "start": 38, "end": 45},
                "score": 0.6,
                "arguments": [
                    argument("artifact", "woman", 29),
                    argument("vehicle", None, None, region="O2"),
                ],
            }
        ],
    )


def extraction(**parts: Any) -> Extraction:
    """`tree` as a model."""
    return Extraction.model_validate(tree(**parts))


def full() -> Extraction:
    """`full_tree` as a model."""
    return Extraction.model_validate(full_tree())


def entity(
    number: int,
    text: str,
    start: int | None,
    kind: str,
    regions: list[str] | None = None,
    score: float = 0.5,
) -> dict[str, Any]:
    """An entity that begins at `start`."""
    end = None if start is None else start + len(text)
    found = {"id": number, "text": text, "start": start, "end": end, "type": kind}
    return found | {"score": score, "regions": regions or []}


def region(name: str, box: tuple[float, ...], label: str = "people") -> dict[str, Any]:
    """A region of a picture."""
    return {"id": name, "label": label, "score": 0.5, "box": box}


def argument(
    role: str, text: str | None, start: int | None, region: str | None = None
) -> dict[str, Any]:
    """An argument that begins at `start`, or is a region."""
    end = None if start is None or text is None else start + len(text)
    return {
        "role": role,
        "text": text,
        "start": start,
        "end": end,
        "region": region,
        "score": 0.4,
    }


def problem(status: int, word: str, **more: Any) -> dict[str, Any]:
    """A problem document."""
    return {"type": word, "title": "A title", "status": status, "detail": "the detail"} | more


def file_of(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """A picture's file."""
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def sideways(colours: tuple[str, str] = ("red", "blue")) -> Image.Image:
    """A picture of 40 x 20 pixels whose EXIF data turn it: upright, it has 20 x 40.

    Upright, its upper half has the first colour.
    """
    image = Image.new("RGB", (40, 20), colours[0])
    image.paste(colours[1], (20, 0, 40, 20))
    image.getexif()[0x0112] = 6  # turn right by 90 degrees
    return image
