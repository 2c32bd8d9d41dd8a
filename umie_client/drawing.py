"""Draws the boxes of an extraction on its image, with captions."""

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
"""Fonts of the system with more glyphs than Pillow's own.

Missing glyphs, Chinese for example, are drawn as empty squares.
"""

_SMALLEST_FONT = 11
_LETTERS_IN_HEIGHT = 32
_LINES_IN_HEIGHT = 220
_ELLIPSIS = "…"


def draw(extraction: Extraction, image: Image.Image) -> Image.Image:
    """Draw the regions of an extraction.

    Regions that entities or arguments are grounded in have captions and the colour of the type;
    other boxes are thin and grey. Boxes are scaled if the image has another size than the image
    of the request, and clipped at its border.

    Args:
        extraction: the extraction.
        image: the image, in any mode.

    Returns:
        An upright RGB copy of the image with the boxes.
    """
    canvas = upright(image)
    if min(canvas.size) < 1:
        return canvas
    marks, colours = marks_of(extraction), colours_of(extraction)
    drawn = _Canvas(canvas)
    for mark in marks:
        first = mark.captions[0].type if mark.captions else None
        drawn.frame(mark, colour_of(first, colours))
    for mark in marks:
        for caption in mark.captions:
            drawn.caption(mark, caption.text, colour_of(caption.type, colours))
    return canvas


@dataclass(frozen=True, slots=True)
class _Label:
    text: str
    width: int
    height: int


class _Canvas:
    """An image to draw on, and the layout of its labels."""

    def __init__(self, canvas: Image.Image) -> None:
        self._width, self._height = canvas.size
        self._draw = ImageDraw.Draw(canvas)
        shorter = min(canvas.size)
        self._font = _font(max(_SMALLEST_FONT, shorter // _LETTERS_IN_HEIGHT))
        self._line = max(2, shorter // _LINES_IN_HEIGHT)
        self._pad = self._line + 1
        self._layout = Layout(self._width, self._height)

    def frame(self, mark: Mark, colour: str) -> None:
        """Draw a box with a white edge; boxes without captions are thin."""
        x1, y1, x2, y2 = self._pixels(mark)
        line = self._line if mark.captions else max(1, self._line // 2)
        self._draw.rectangle((x1 - 1, y1 - 1, x2, y2), outline="white", width=line + 1)
        self._draw.rectangle((x1, y1, x2 - 1, y2 - 1), outline=colour, width=line)

    def caption(self, mark: Mark, text: str, colour: str) -> None:
        """Write a caption beside the box, preferably where it covers no other."""
        label = self._fitted(_printable(text))
        if label is None:
            return
        place = self._layout.place(self._pixels(mark), label.width, label.height)
        self._draw.rectangle((place[0], place[1], place[2] - 1, place[3] - 1), fill=colour)
        at = (place[0] + self._pad, place[1] + self._pad)
        self._draw.text(at, label.text, font=self._font, fill=ink_on(colour), anchor="la")

    def _pixels(self, mark: Mark) -> Rectangle:
        """Convert the box to whole pixels inside the image, at least one wide and high."""
        x1 = min(int(mark.box[0] * self._width), self._width - 1)
        y1 = min(int(mark.box[1] * self._height), self._height - 1)
        x2 = max(x1 + 1, round(mark.box[2] * self._width))
        y2 = max(y1 + 1, round(mark.box[3] * self._height))
        return x1, y1, x2, y2

    def _fitted(self, text: str) -> _Label | None:
        """Shorten the text to the width of the image; None if not even one letter fits."""
        ascent, descent = _metrics(self._font)
        height = ascent + descent + 2 * self._pad
        limits = self._width - 2 * self._pad
        shown = text
        while shown.strip(_ELLIPSIS) and self._draw.textlength(shown, font=self._font) > limits:
            shown = shown.rstrip(_ELLIPSIS)[:-1].rstrip() + _ELLIPSIS
        if not shown.strip(_ELLIPSIS) or height > self._height:
            return None
        width = int(self._draw.textlength(shown, font=self._font)) + 2 * self._pad
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
    """Convert to one line without control characters."""
    plain = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in text)
    return " ".join(plain.split())
