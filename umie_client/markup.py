"""An answer as HTML that needs nothing else: for notebooks, and as a page of its own."""

from __future__ import annotations

import base64
import io
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

from PIL import Image

from service.extraction import ArgumentFound, EventFound, Extraction
from umie_client.colours import colour_of, colours_of, ink_on
from umie_client.errors import ImageUnreadable
from umie_client.html import Child, element, html_of
from umie_client.marks import Mark, marks_of
from umie_client.pictures import opened
from umie_client.segments import Segment, marked_in, segments

_FORMATS = ("JPEG", "PNG", "WEBP")
_ORIENTATION = 0x0112
_PREVIEW_SIDE = 800
_QUALITY = 90
_NEAR_TOP = 0.08
_TINT = "33"
"""Opacity of a span's background, behind its colour."""

_STYLE = """
.umie{color-scheme:light;background:#fff;color:#1f2328;font:15px/1.5 system-ui,sans-serif;
 padding:1em;max-width:60em}
.umie h2{font-size:1em;margin:1.2em 0 .3em;color:inherit}
.umie .text{white-space:pre-wrap;overflow-wrap:anywhere;line-height:2.1;font-size:1.1em;margin:0}
.umie mark{color:inherit;padding:.2em .15em;border-bottom:2px solid}
.umie .tag{font-size:.68em;padding:.15em .45em;border-radius:.7em;margin:0 .2em;white-space:nowrap;
 unicode-bidi:isolate}
.umie .picture{position:relative;display:inline-block;overflow:hidden;margin-top:1em;
 vertical-align:top;max-width:100%}
.umie .picture img{display:block;max-width:100%;max-height:80vh;margin:0}
.umie .box{position:absolute;box-sizing:border-box;border:2px solid;min-width:2px;min-height:2px}
.umie .box.bare{border:1px dashed}
.umie .captions{position:absolute;display:flex;flex-direction:column;align-items:flex-start;
 font-size:12px;line-height:1.4;pointer-events:none}
.umie .captions.above{transform:translateY(-100%)}
.umie .captions.right{align-items:flex-end}
.umie .captions span{padding:0 .4em;max-width:100%;box-sizing:border-box;overflow:hidden;
 text-overflow:ellipsis;white-space:nowrap;unicode-bidi:isolate}
.umie table{border-collapse:collapse;margin:0;color:inherit}
.umie th,.umie td{text-align:left;padding:.15em 1.2em .15em 0;border-bottom:1px solid #d8dee4;
 vertical-align:top;background:none}
.umie td{overflow-wrap:anywhere}
.umie td.number{white-space:nowrap;font-variant-numeric:tabular-nums}
.umie footer{color:#6e7781;font-size:.85em;margin-top:1.5em}
""".replace("\n ", " ")


def page(extraction: Extraction, text: str, image: bytes | None) -> str:
    """A whole HTML document; the picture's file is in it as it is.

    Raises `ImageUnreadable` where `image` is no JPEG, PNG or WebP file.
    """
    address = None if image is None else _embedded(image)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"UMIE: {text[:60]}" if text else "UMIE"),
        element("style", _STYLE, "body{margin:0}.umie{margin:auto}"),
    )
    body = element("body", _article(extraction, text, address))
    return "<!DOCTYPE html>\n" + html_of(element("html", head, body)) + "\n"


def fragment(extraction: Extraction, text: str, image: bytes | None) -> str:
    """A piece of HTML with its own style; of the picture, a preview of at most 800 pixels a side.

    A picture that cannot be read is left out.
    """
    try:
        address = None if image is None else _preview(image)
    except ImageUnreadable:
        address = None
    article = _article(extraction, text, address)
    article.insert(0, element("style", _STYLE))
    return html_of(article)


def _article(extraction: Extraction, text: str, picture: str | None) -> ET.Element:
    colours = colours_of(extraction)
    return element(
        "article",
        element("p", *_spans(extraction, text, colours), class_="text", dir="auto"),
        None if picture is None else _picture(extraction, picture, colours),
        *_listed(extraction),
        element("footer", f"{extraction.model} · {extraction.timing_ms.total:.0f} ms"),
        class_="umie",
    )


def _spans(extraction: Extraction, text: str, colours: Mapping[str, str]) -> list[Child]:
    pieces: list[Child] = []
    for segment in segments(text, marked_in(extraction, text)):
        pieces.append(_span(segment, colours) if segment.covers else segment.text)
        for ended in segment.ending:
            colour = colours[ended.type]
            style = f"background:{colour};color:{ink_on(colour)}"
            pieces.append(element("span", ended.type, class_="tag", style=style))
    return pieces


def _span(segment: Segment, colours: Mapping[str, str]) -> ET.Element:
    colour = colours[segment.covers[-1].type]
    return element(
        "mark",
        segment.text,
        style=f"background:{colour}{_TINT};border-color:{colour}",
        title="; ".join(cover.note for cover in segment.covers),
    )


def _picture(extraction: Extraction, address: str, colours: Mapping[str, str]) -> ET.Element:
    marks = marks_of(extraction)
    boxes = [_box(mark, colours) for mark in marks]
    captions = [_captions(mark, colours) for mark in marks if mark.captions]
    image = element("img", src=address, alt="the picture")
    return element("div", image, *boxes, *captions, class_="picture")


def _box(mark: Mark, colours: Mapping[str, str]) -> ET.Element:
    x1, y1, x2, y2 = mark.box
    colour = colour_of(mark.captions[0].type if mark.captions else None, colours)
    sides = f"left:{x1:.3%};top:{y1:.3%};width:{x2 - x1:.3%};height:{y2 - y1:.3%}"
    return element(
        "div",
        class_="box" if mark.captions else "box bare",
        style=f"{sides};border-color:{colour}",
        title=mark.name,
    )


def _captions(mark: Mark, colours: Mapping[str, str]) -> ET.Element:
    """Beside the box, on that side of it that leaves more room, so that none leaves the picture."""
    x1, y1, x2, _ = mark.box
    from_right = x2 > 1 - x1
    across = f"right:{1 - x2:.3%};max-width:{x2:.3%}" if from_right else f"left:{x1:.3%}"
    if not from_right:
        across += f";max-width:{1 - x1:.3%}"
    words = ["captions", "above" if y1 > _NEAR_TOP * len(mark.captions) else "within"]
    lines = []
    for caption in mark.captions:
        colour = colour_of(caption.type, colours)
        style = f"background:{colour};color:{ink_on(colour)}"
        lines.append(element("span", caption.text, style=style, title=caption.text))
    return element(
        "div",
        *lines,
        class_=" ".join([*words, "right"] if from_right else words),
        style=f"{across};top:{y1:.3%}",
    )


def _listed(extraction: Extraction) -> list[Child]:
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
        *_table("Entities", ("entity", "type", "regions", "score"), entities),
        *_table("Relations", ("head", "relation", "tail", "score"), relations),
        *_table("Events", ("event", "role", "filler", "score"), events),
    ]


def _event_rows(event: EventFound) -> list[tuple[str, ...]]:
    first = (event.type, "trigger", event.trigger.text, _score(event.score))
    rest = [("", a.role, _filler(a), _score(a.score)) for a in event.arguments]
    return [first, *rest]


def _filler(argument: ArgumentFound) -> str:
    return " ".join(part for part in (argument.text, argument.region) if part is not None)


def _score(score: float) -> str:
    return f"{score:.2f}"


def _table(title: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[Child]:
    if not rows:
        return []
    lines = [element("tr", *(element("th", head) for head in heads))]
    for row in rows:
        *words, score = row
        cells = [element("td", word, dir="auto") for word in words]
        lines.append(element("tr", *cells, element("td", score, class_="number")))
    return [element("h2", title), element("table", element("tbody", *lines))]


def _embedded(data: bytes) -> str:
    """The file as an address; one that lies on its side is set upright, as not all browsers do."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            kind = image.get_format_mimetype()
            turned = image.getexif().get(_ORIENTATION, 1) != 1
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageUnreadable("image: is no JPEG, PNG or WebP file") from error
    return _jpeg(opened(data)) if turned else _address(data, kind or "image/png")


def _preview(data: bytes) -> str:
    image = opened(data)
    image.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE))
    return _jpeg(image)


def _jpeg(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=_QUALITY)
    return _address(buffer.getvalue(), "image/jpeg")


def _address(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
