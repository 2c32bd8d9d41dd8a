"""Places labels beside their boxes without overlaps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

Rectangle: TypeAlias = tuple[int, int, int, int]
"""x1, y1, x2, y2 in pixels, x2 and y2 exclusive."""


class Layout:
    """The labels placed so far in an image."""

    def __init__(self, width: int, height: int) -> None:
        """Create an empty layout of `width` x `height` pixels."""
        self._width, self._height = width, height
        self._taken: list[Rectangle] = []

    def place(self, box: Rectangle, width: int, height: int) -> Rectangle:
        """Place a label.

        Args:
            box: the box to label.
            width: pixels of the label, at most those of the image.
            height: pixels of the label, at most those of the image.

        Returns:
            A rectangle inside the image. It overlaps another label only if every candidate does.
        """
        places = list(self._near(box, width, height))
        place = next((place for place in places if not self._overlaps(place)), places[0])
        self._taken.append(place)
        return place

    def _near(self, box: Rectangle, width: int, height: int) -> Iterator[Rectangle]:
        """Yield candidates: above, inside and below the box, then further down and up.

        Each is aligned to the left, then to the right. If there is no space above, it comes last.
        """
        x1, y1, x2, y2 = box
        above = y1 - height
        tops = [y1, y2, y2 - height]
        tops = [above, *tops] if above >= 0 else [*tops, above]
        tops += range(y1, self._height, height)
        tops += range(y1, 0, -height)
        for top in tops:
            for left in (x1, x2 - width):
                inside_x = min(max(left, 0), self._width - width)
                inside_y = min(max(top, 0), self._height - height)
                yield inside_x, inside_y, inside_x + width, inside_y + height

    def _overlaps(self, place: Rectangle) -> bool:
        x1, y1, x2, y2 = place
        return any(x1 < t[2] and t[0] < x2 and y1 < t[3] and t[1] < y2 for t in self._taken)
