"""The regions of the image in a response."""

from __future__ import annotations

from collections.abc import Iterable

from schema.extraction import EntityFound, EventFound, RegionFound
from service.vision.encoder import EncodedImage
from tasks.records import Region


def referenced(entities: Iterable[EntityFound], events: Iterable[EventFound]) -> set[str]:
    """Return the ids of the regions that entities and arguments are grounded in."""
    names = {name for entity in entities for name in entity.regions}
    arguments = (argument for event in events for argument in event.arguments)
    return names | {argument.region for argument in arguments if argument.region is not None}


def regions_of(
    image: EncodedImage, min_score: float, named: set[str], *, before: int = 0
) -> list[RegionFound]:
    """Convert the regions of an image to the wire format.

    Args:
        image: the image with its regions.
        min_score: regions with a smaller score are dropped.
        named: ids of regions to keep whatever their score is.
        before: how many regions the pictures before it have.

    Returns:
        The regions in the order of their ids, boxes in pixels of the upright image.
    """
    visual = image.visual
    found = []
    for row, score in enumerate(visual.scores):
        name = Region(before + row + 1).name
        if score < min_score and name not in named:
            continue
        found.append(
            RegionFound(
                id=name,
                label=visual.labels[row],
                score=round(float(score), 4),
                box=_pixels(visual.boxes[row], image.width, image.height),
            )
        )
    return found


def _pixels(box: Iterable[float], width: int, height: int) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (
        round(min(max(float(at), 0.0), 1.0) * side, 1)
        for at, side in zip(box, (width, height, width, height), strict=True)
    )
    return x1, y1, x2, y2
