"""Pictures through the visual graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from PIL import Image

from export.bundle import Bundle
from models.clip_config import ClipTowerConfig
from models.config import VISUAL_ROWS
from models.tower_config import REGION_TYPES
from service.engine.contract import MAX_REGIONS, Picture, Seen
from service.preprocess import preprocess_for

_WHOLE = (0.0, 0.0, 1.0, 1.0)


def see(bundle: Bundle, pictures: Sequence[Picture]) -> list[Seen]:
    """What the visual graph of a bundle that has one finds in each of `pictures`.

    Proposed regions that score less than the weights were trained to be offered are left out; of a
    picture with boxes of its own all are kept.
    """
    assert bundle.visual is not None
    if isinstance(bundle.tower, ClipTowerConfig):
        return [_see_crops(bundle.visual, picture) for picture in pictures]
    return see_pixels(bundle.visual, pictures, bundle.least_region_score)


def blank(bundle: Bundle) -> Picture | None:
    """A black picture to begin with; None where the bundle cannot see."""
    preprocess = preprocess_for(bundle.tower)
    return preprocess(Image.new("RGB", (32, 32)), None) if preprocess is not None else None


def see_pixels(
    visual: ort.InferenceSession, pictures: Sequence[Picture], least_score: float
) -> list[Seen]:
    """What the visual graph of a tower that proposes regions finds in each of `pictures`."""
    own = np.zeros((len(pictures), MAX_REGIONS, 4), dtype=np.float32)
    given = np.zeros(len(pictures), dtype=np.float32)
    for row, picture in enumerate(pictures):
        if picture.boxes is not None:
            own[row, : len(picture.boxes)] = picture.boxes
            given[row] = 1.0
    pixels = np.stack([picture.pixels for picture in pictures])
    feeds = {"pixels": pixels, "own": own, "given": given}
    boxes, labels, scores, states = visual.run(None, feeds)
    counts = (scores >= least_score).sum(1)  # scores of proposals descend
    seen = []
    for i, (picture, n) in enumerate(zip(pictures, counts, strict=True)):
        found = tuple(REGION_TYPES[label] for label in labels[i, :n])
        proposed = Seen(boxes[i, :n].copy(), found, scores[i, :n].copy(), states[i].copy())
        seen.append(proposed if picture.boxes is None else _as_given(picture, proposed.states))
    return seen


def _see_crops(visual: ort.InferenceSession, picture: Picture) -> Seen:
    assert picture.boxes is not None
    boxes = np.zeros((VISUAL_ROWS, 4), dtype=np.float32)
    boxes[0] = _WHOLE
    boxes[1 : 1 + len(picture.boxes)] = picture.boxes
    (states,) = visual.run(None, {"crops": picture.pixels, "boxes": boxes})
    return _as_given(picture, states[0])


def _as_given(picture: Picture, states: NDArray[np.float32]) -> Seen:
    assert picture.boxes is not None
    scores = picture.scores
    if scores is None:
        scores = np.ones(len(picture.boxes), dtype=np.float32)
    return Seen(picture.boxes, picture.labels, scores, states)
