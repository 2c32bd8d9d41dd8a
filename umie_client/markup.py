"""An extraction as self-contained HTML: a fragment for notebooks, and a page.

The templates escape all values. jinja2 is imported when the first one is rendered.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from schema.extraction import ArgumentFound, EventFound, Extraction
from umie_client.colours import colour_of, colours_of, ink_on
from umie_client.errors import ImageUnreadable, MissingExtra
from umie_client.marks import Mark, marks_of
from umie_client.pictures import opened
from umie_client.segments import Segment, marked_in, replace_surrogates, segments

if TYPE_CHECKING:
    from jinja2 import Environment

Context = dict[str, Any]
"""Variables of a template."""

_SHOWN = ("JPEG", "PNG", "WEBP")
"""Formats that every browser displays; others are embedded as JPEG."""
_ORIENTATION = 0x0112
_THUMBNAIL_SIDE = 800
_QUALITY = 90
_NEAR_TOP = 0.08
_TINT = "33"
"""Opacity of a span's background, behind its colour."""

_TEMPLATES = Path(__file__).with_name("templates")


def page(extraction: Extraction, text: str, image: bytes | None) -> str:
    """Render an HTML document with the image file embedded.

    Args:
        extraction: the extraction.
        text: the text of the request.
        image: the image file, or None.

    Raises:
        ImageUnreadable: `image` cannot be decoded.
        MissingExtra: jinja2 is not installed.
    """
    address = None if image is None else _embedded(image)
    title = f"UMIE: {text[:60]}" if text else "UMIE"
    context = _context(extraction, text, address)
    return _environment().get_template("page.html").render(context, title=title)


def fragment(extraction: Extraction, text: str, image: bytes | None) -> str:
    """Render an HTML fragment with its style and a thumbnail of at most 800 x 800 pixels.

    An image that cannot be read is omitted.

    Raises:
        MissingExtra: jinja2 is not installed.
    """
    try:
        address = None if image is None else _thumbnail(image)
    except ImageUnreadable:
        address = None
    context = _context(extraction, text, address)
    return _environment().get_template("answer.html").render(context, with_style=True)


@cache
def _environment() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise MissingExtra("HTML needs jinja2: pip install jinja2") from error
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalised,
    )


def _finalised(value: object) -> object:
    return replace_surrogates(value) if type(value) is str else value


def _context(extraction: Extraction, text: str, picture: str | None) -> Context:
    colours = colours_of(extraction)
    return {
        "with_style": False,
        "pieces": [_piece(s, colours) for s in segments(text, marked_in(extraction, text))],
        "picture": None if picture is None else _picture(extraction, picture, colours),
        "tables": [table for table in _tables(extraction) if table["rows"]],
        "footer": f"{extraction.model} · {extraction.timing_ms.total:.0f} ms",
    }


def _piece(segment: Segment, colours: Mapping[str, str]) -> Context:
    tags = [{"text": end.type, "style": _filled(colours[end.type])} for end in segment.ending]
    piece: Context = {"text": segment.text, "tags": tags, "style": None}
    if segment.covers:
        colour = colours[segment.covers[-1].type]
        piece["style"] = f"background:{colour}{_TINT};border-color:{colour}"
        piece["note"] = "; ".join(cover.note for cover in segment.covers)
    return piece


def _filled(colour: str) -> str:
    return f"background:{colour};color:{ink_on(colour)}"


def _picture(extraction: Extraction, address: str, colours: Mapping[str, str]) -> Context:
    marks = marks_of(extraction)
    return {
        "address": address,
        "boxes": [_box(mark, colours) for mark in marks],
        "captions": [_captions(mark, colours) for mark in marks if mark.captions],
    }


def _box(mark: Mark, colours: Mapping[str, str]) -> Context:
    x1, y1, x2, y2 = mark.box
    colour = colour_of(mark.captions[0].type if mark.captions else None, colours)
    sides = f"left:{x1:.3%};top:{y1:.3%};width:{x2 - x1:.3%};height:{y2 - y1:.3%}"
    kind = "box" if mark.captions else "box bare"
    return {"kind": kind, "style": f"{sides};border-color:{colour}", "name": mark.name}


def _captions(mark: Mark, colours: Mapping[str, str]) -> Context:
    """Place captions at the side of the box with more space, so that they stay in the image."""
    x1, y1, x2, _ = mark.box
    from_right = x2 > 1 - x1
    across = f"right:{1 - x2:.3%};max-width:{x2:.3%}" if from_right else f"left:{x1:.3%}"
    if not from_right:
        across += f";max-width:{1 - x1:.3%}"
    words = ["captions", "above" if y1 > _NEAR_TOP * len(mark.captions) else "within"]
    return {
        "kind": " ".join([*words, "right"] if from_right else words),
        "style": f"{across};top:{y1:.3%}",
        "lines": [
            {"text": caption.text, "style": _filled(colour_of(caption.type, colours))}
            for caption in mark.captions
        ],
    }


def _tables(extraction: Extraction) -> list[Context]:
    names = {entity.id: entity.text for entity in extraction.entities}
    entities = [
        (entity.text, entity.type, " ".join(entity.regions), _score(entity.score))
        for entity in extraction.entities
    ]
    relations = [
        (names.get(r.head, str(r.head)), r.type, names.get(r.tail, str(r.tail)), _score(r.score))
        for r in extraction.relations
    ]
    events = [row for event in extraction.events for row in _event_rows(event)]
    return [
        _table("Entities", ("entity", "type", "regions", "score"), entities),
        _table("Relations", ("head", "relation", "tail", "score"), relations),
        _table("Events", ("event", "role", "filler", "score"), events),
    ]


def _table(title: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Context:
    return {"title": title, "heads": heads, "rows": rows}


def _event_rows(event: EventFound) -> list[tuple[str, ...]]:
    first = (event.type, "trigger", event.trigger.text, _score(event.score))
    rest = [("", a.role, _filler(a), _score(a.score)) for a in event.arguments]
    return [first, *rest]


def _filler(argument: ArgumentFound) -> str:
    return " ".join(part for part in (argument.text, argument.region) if part is not None)


def _score(score: float) -> str:
    return f"{score:.2f}"


def _embedded(data: bytes) -> str:
    """Convert a file to a data URI; to JPEG if not all browsers show it, or show it upright."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            kind = image.get_format_mimetype()
            plain = image.format in _SHOWN and image.getexif().get(_ORIENTATION, 1) == 1
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageUnreadable("image: not an image file that can be decoded") from error
    return _data_uri(data, kind or "image/png") if plain else _jpeg(opened(data))


def _thumbnail(data: bytes) -> str:
    image = opened(data)
    image.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
    return _jpeg(image)


def _jpeg(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=_QUALITY)
    return _data_uri(buffer.getvalue(), "image/jpeg")


def _data_uri(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
