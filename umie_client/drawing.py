"""An answer drawn over its picture: boxes, and the names of what they show."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from schema.extraction import Extraction
from umie_client.colours import colour_of, colours_of, ink_on
from umie_client.layout import Layout, Rectangle
from umie_client.marks import Mark, marks_of
from umie_client.pictures import upright

_FONTS = ("DejaVuSans.ttf", "Arial.ttf")
"""Looked for where the system keeps fonts; they have more letters than Pillow's own.

What the one that is found has no letter for, Chinese for example, is written as empty squares.
"""

_SMALLEST_FONT = 11
_LETTERS_IN_HEIGHT = 32
_LINES_IN_HEIGHT = 220
_ELLIPSIS = "…"


def draw(extraction: Extraction, image: Image.Image) -> Image.Image:
    """A copy of the picture, upright and in RGB, with a box for each region that it has.

    Boxes that entities or arguments are grounded in have these beside them, in the colour of the
    type; the rest are thin and grey. A picture of another size than the service saw is drawn on in
    proportion. Boxes beyond the picture are cut at its border or left out.
    """
    canvas = upright(image)
    if min(canvas.size) < 1:
        return canvas
    marks, colours = marks_of(extraction), colours_of(extraction)
    sheet = _Sheet(canvas)
    for mark in marks:
        first = mark.captions[0].type if mark.captions else None
        sheet.frame(mark, colour_of(first, colours))
    for mark in marks:
        for caption in mark.captions:
            sheet.caption(mark, caption.text, colour_of(caption.type, colours))
    return canvas


@dataclass(frozen=True, slots=True)
class _Label:
    text: str
    width: int
    height: int


class _Sheet:
    """A picture that is drawn on, and where labels lie already."""

    def __init__(self, canvas: Image.Image) -> None:
        self._width, self._height = canvas.size
        self._pen = ImageDraw.Draw(canvas)
        shorter = min(canvas.size)
        self._font = _font(max(_SMALLEST_FONT, shorter // _LETTERS_IN_HEIGHT))
        self._line = max(2, shorter // _LINES_IN_HEIGHT)
        self._pad = self._line + 1
        self._layout = Layout(self._width, self._height)

    def frame(self, mark: Mark, colour: str) -> None:
        """Draw the box, on a white edge that parts it from the picture.

        A thin one where it shows nothing.
        """
        x1, y1, x2, y2 = self._pixels(mark)
        line = self._line if mark.captions else max(1, self._line // 2)
        self._pen.rectangle((x1 - 1, y1 - 1, x2, y2), outline="white", width=line + 1)
        self._pen.rectangle((x1, y1, x2 - 1, y2 - 1), outline=colour, width=line)

    def caption(self, mark: Mark, text: str, colour: str) -> None:
        """Write a line beside the box, where it hides no other if there is such a place."""
        label = self._fitted(_printable(text))
        if label is None:
            return
        place = self._layout.place(self._pixels(mark), label.width, label.height)
        self._pen.rectangle((place[0], place[1], place[2] - 1, place[3] - 1), fill=colour)
        at = (place[0] + self._pad, place[1] + self._pad)
        self._pen.text(at, label.text, font=self._font, fill=ink_on(colour), anchor="la")

    def _pixels(self, mark: Mark) -> Rectangle:
        """The box in whole pixels, of at least one, inside the picture."""
        x1 = min(int(mark.box[0] * self._width), self._width - 1)
        y1 = min(int(mark.box[1] * self._height), self._height - 1)
        x2 = max(x1 + 1, round(mark.box[2] * self._width))
        y2 = max(y1 + 1, round(mark.box[3] * self._height))
        return x1, y1, x2, y2

    def _fitted(self, text: str) -> _Label | None:
        """The text, shortened until the picture can hold it; None where it cannot hold a letter."""
        ascent, descent = _metrics(self._font)
        height = ascent + descent + 2 * self._pad
        limits = self._width - 2 * self._pad
        shown = text
        while shown.strip(_ELLIPSIS) and self._pen.textlength(shown, font=self._font) > limits:
            shown = shown.rstrip(_ELLIPSIS)[:-1].rstrip() + _ELLIPSIS
        if not shown.strip(_ELLIPSIS) or height > self._height:
            return None
        width = int(self._pen.textlength(shown, font=self._font)) + 2 * self._pad
        return _Label(shown, min(width, self._width), height)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def _metrics(font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> tuple[int, int]:
    if isinstance(font, ImageFont.FreeTypeFont):
        return font.getmetrics()
    return round(font.getbbox("Ag")[3]), 0


def _printable(text: str) -> str:
    """One line without what fonts have no shape for."""
    plain = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in text)
    return " ".join(plain.split())
