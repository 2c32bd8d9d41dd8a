from __future__ import annotations

import base64
import io
import re
import sys
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.support.heic_files import heic
from tests.umie_client.samples import (
    TEXT,
    argument,
    entity,
    extraction,
    file_of,
    full,
    region,
    sideways,
)
from umie_client import markup
from umie_client.errors import ImageUnreadable, MissingExtra
from umie_client.markup import fragment, page

PICTURE = file_of(Image.new("RGB", (200, 100), "grey"))
NASTY = "</style></p><script>alert(1)</script><img src=x onerror='alert(1)'>&lt;\"'`"


class Reader(HTMLParser):
    """The tags, attributes and text of a document, as a browser takes it."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"img", "meta"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.pieces.setdefault(self._open[-1] if self._open else "", []).append(data)

    @property
    def names(self) -> list[str]:
        return [tag for tag, _ in self.tags]

    def of_class(self, name: str) -> list[dict[str, str | None]]:
        return [found for _, found in self.tags if name in (found.get("class") or "").split()]


def pictures_in(markup: str) -> list[Image.Image]:
    """The embedded pictures, as they are in the file."""
    found = re.findall(r'src="data:image/\w+;base64,([^"]+)"', markup)
    return [Image.open(io.BytesIO(base64.b64decode(data))) for data in found]


def test_a_page_is_a_whole_document_that_needs_nothing_else() -> None:
    markup = page(full(), TEXT, PICTURE)
    assert markup.startswith("<!DOCTYPE html>\n<html><head><meta charset=")
    read = Reader(markup)
    assert "script" not in read.names and "link" not in read.names
    assert re.findall(r"https?:|url\(|@import", markup) == []
    assert base64.b64encode(PICTURE).decode() in markup


def test_spans_are_marked_in_the_text() -> None:
    read = Reader(fragment(full(), TEXT, None))
    assert read.pieces["mark"] == ["Eileen Collins", "command", "NASA"]
    assert read.pieces["span"] == ["person", "movement:transport", "organization"]


def test_relations_and_events_are_listed() -> None:
    cells = Reader(fragment(full(), TEXT, None)).pieces["td"]
    text = " | ".join(cells)
    assert "Eileen Collins | member of | NASA | 0.70" in text
    assert "movement:transport | trigger | command | 0.60 | artifact | woman | 0.40" in text
    assert "vehicle | O2 | 0.40" in text


def test_what_was_not_found_has_no_table() -> None:
    assert "table" not in Reader(fragment(extraction(), "a", None)).names


def test_boxes_lie_over_the_picture() -> None:
    boxes = Reader(page(full(), TEXT, PICTURE)).of_class("box")
    assert "left:5.000%;top:30.000%;width:40.000%;height:65.000%" in str(boxes[0]["style"])
    assert len(boxes) == 2


def test_captions_grow_to_the_side_that_has_room() -> None:
    left, right = Reader(page(full(), TEXT, PICTURE)).of_class("captions")
    assert str(left["style"]).startswith("left:5.000%;max-width:95.000%")
    assert str(right["style"]).startswith("right:10.000%;max-width:90.000%")


def test_without_a_picture_there_are_no_boxes() -> None:
    read = Reader(page(full(), TEXT, None))
    assert "img" not in read.names and read.of_class("box") == []


def test_a_picture_that_lies_on_its_side_is_set_upright() -> None:
    image = sideways()
    markup = page(extraction(), "", file_of(image, "JPEG", exif=image.getexif()))
    (shown,) = pictures_in(markup)
    assert shown.size == (20, 40) and 0x0112 not in shown.getexif()


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "HEIF"])
def test_a_picture_that_browsers_may_not_show_is_embedded_as_jpeg(kind: str) -> None:
    heif = kind == "HEIF"
    file = heic("noise-RGB") if heif else file_of(Image.new("RGB", (40, 20)), kind)
    markup = page(extraction(), "", file)
    assert "data:image/jpeg;base64," in markup and "data:image/png" not in markup


def test_a_notebook_gets_a_preview() -> None:
    large = file_of(Image.new("RGB", (3000, 1500), "grey"))
    (shown,) = pictures_in(fragment(full(), TEXT, large))
    assert shown.size == (800, 400)
    (whole,) = pictures_in(page(full(), TEXT, large))
    assert whole.size == (3000, 1500)


def test_a_page_of_no_picture_is_refused_and_a_preview_left_out() -> None:
    with pytest.raises(ImageUnreadable):
        page(full(), TEXT, b"no picture")
    assert "img" not in Reader(fragment(full(), TEXT, b"no picture")).names


@settings(max_examples=40)
@example(NASTY, NASTY)
@example("a\0b\ud800", "\udfff\n\t")
@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=20))
def test_text_never_breaks_out(text: str, label: str) -> None:
    found = extraction(
        image={"width": 200, "height": 100},
        regions=[region("O1", (10, 30, 90, 95), label=label)],
        entities=[entity(0, text, 0, label, ["O1"])],
        relations=[{"type": label, "head": 0, "tail": 9, "score": 0.5}],
        events=[
            {
                "type": label,
                "trigger": {"text": text, "start": 0, "end": 1},
                "score": 0.5,
                "arguments": [argument(label, text, 0), argument(label, None, None, region=label)],
            }
        ],
        model=label,
    )
    calm = Reader(page(found, "x" * len(text), PICTURE))
    read = Reader(page(found, text, PICTURE))
    assert {tag for tag in read.names} == {tag for tag in calm.names}
    assert len(read.tags) == len(calm.tags)
    assert {name for _, given in read.tags for name in given} <= {
        *("class", "style", "title", "dir", "src", "alt", "charset", "name", "content")
    }
    page(found, text, PICTURE).encode("utf-8")
    styles = [str(given["style"]) for _, given in read.tags if "style" in given]
    assert all(re.fullmatch(r"[-\w#:.;%]*", style) for style in styles)


def test_what_is_nasty_is_shown_as_text() -> None:
    found = extraction(entities=[entity(0, NASTY, 0, NASTY)])
    read = Reader(fragment(found, NASTY, None))
    assert "".join(read.pieces["mark"]) == NASTY and "script" not in read.names


def test_without_jinja2_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    markup._environment.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtra, match="pip install jinja2"):
        page(full(), TEXT, None)
