"""Pictures through the visual graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from export.bundle import Bundle
from service.engine.contract import Seen


def see(bundle: Bundle, pictures: Sequence[NDArray[np.float32]]) -> list[Seen]:
    """What the visual graph finds in each of `pictures`, (3, S, S) each.

    Regions that score less than the weights were trained to be offered are left out.
    """
    boxes, labels, scores, states = bundle.visual.run(None, {"pixels": np.stack(pictures)})
    counts = (scores >= bundle.least_region_score).sum(1)  # scores descend
    return [
        Seen(boxes[i, :n].copy(), labels[i, :n].copy(), scores[i, :n].copy(), states[i].copy())
        for i, n in enumerate(counts)
    ]
