"""Regions of a request as a proposal for its image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from schema.regions import FIELD, RequestRegion
from service.engine.proposal import Proposal
from tasks.errors import FieldError


def proposal_of(regions: Sequence[RequestRegion], width: int, height: int) -> Proposal:
    """Convert the regions of a request to a proposal.

    Args:
        regions: boxes in pixels of the upright image, with labels.
        width: pixels of the upright image.
        height: pixels of the upright image.

    Returns:
        The regions in the same order, boxes (R, 4) as fractions of width and height, scores 1.

    Raises:
        FieldError: a box exceeds the image.
    """
    for index, region in enumerate(regions):
        x1, y1, x2, y2 = region.box
        if min(x1, y1) < 0 or x2 > width or y2 > height:
            raise FieldError(
                f"{FIELD}[{index}] exceeds the image, which has {width} x {height} pixels when "
                "upright",
                field=FIELD,
            )
    boxes = np.array([region.box for region in regions], dtype=np.float64).reshape(-1, 4)
    sides = np.array([width, height, width, height], dtype=np.float64)
    return Proposal(
        (boxes / sides).astype(np.float32),
        tuple(region.label for region in regions),
        np.ones(len(regions), dtype=np.float32),
    )
