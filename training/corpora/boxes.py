"""Reader of GMNER's boxes: one XML file per picture; objects are named after their entities."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from tasks.document import Box
from tasks.errors import DataError


def boxes_by_name(path: Path) -> dict[str, tuple[Box, ...]]:
    """Boxes of every entity of one picture, by the entity's name without spaces.

    Corners are relative to the size in the XML file, because distributed pictures are scaled.
    Pictures without boxes have no file.

    Raises:
        DataError: if the file is malformed.
    """
    if not path.is_file():
        return {}
    try:
        root = ElementTree.parse(path).getroot()
        width, height = _number(root, "size/width"), _number(root, "size/height")
        found: dict[str, tuple[Box, ...]] = {}
        for thing in root.iter("object"):
            name = "".join((thing.findtext("name") or "").split())
            corners = [
                _number(thing, f"bndbox/{side}") for side in ("xmin", "ymin", "xmax", "ymax")
            ]
            found[name] = (*found.get(name, ()), _box(corners, width, height))
    except (ElementTree.ParseError, ValueError) as error:
        raise DataError(f"{path}: {error}") from error
    return found


def _number(element: ElementTree.Element, tag: str) -> float:
    text = element.findtext(tag)
    if text is None:
        raise ValueError(f"no {tag}")
    return float(text)


def _box(corners: list[float], width: float, height: float) -> Box:
    if width <= 0 or height <= 0:
        raise ValueError(f"a picture of {width:g} x {height:g} pixels")
    left, top, right, bottom = (
        min(max(value / side, 0.0), 1.0)
        for value, side in zip(corners, (width, height, width, height), strict=True)
    )
    if not (left < right and top < bottom):
        raise ValueError(f"no box between {corners}")
    return left, top, right, bottom
