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
from service.engine.interface import MAX_REGIONS, Picture, VisualFeatures
from service.engine.preprocess import preprocess_for

_WHOLE = (0.0, 0.0, 1.0, 1.0)


def see(bundle: Bundle, pictures: Sequence[Picture]) -> list[VisualFeatures]:
    """What the visual graph of a bundle that has one finds in each of `pictures`.

    Proposed regions that score less than the weights were trained to be offered are left out; of a
    picture with boxes of its own all are kept.
    """
    assert bundle.visual is not None
    if isinstance(bundle.tower, ClipTowerConfig):
        return [_encode_crops(bundle.visual, picture) for picture in pictures]
    return encode_pixels(bundle.visual, pictures, bundle.least_region_score)


def blank(bundle: Bundle) -> Picture | None:
    """A black picture to begin with; None where the bundle cannot see."""
    preprocess = preprocess_for(bundle.tower)
    return preprocess(Image.new("RGB", (32, 32)), None) if preprocess is not None else None


def encode_pixels(
    visual: ort.InferenceSession, pictures: Sequence[Picture], least_score: float
) -> list[VisualFeatures]:
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
    found_in = []
    for i, (picture, n) in enumerate(zip(pictures, counts, strict=True)):
        found = tuple(REGION_TYPES[label] for label in labels[i, :n])
        proposed = VisualFeatures(
            boxes[i, :n].copy(), found, scores[i, :n].copy(), states[i].copy()
        )
        found_in.append(proposed if picture.boxes is None else _as_given(picture, proposed.states))
    return found_in


def _encode_crops(visual: ort.InferenceSession, picture: Picture) -> VisualFeatures:
    assert picture.boxes is not None
    boxes = np.zeros((VISUAL_ROWS, 4), dtype=np.float32)
    boxes[0] = _WHOLE
    boxes[1 : 1 + len(picture.boxes)] = picture.boxes
    (states,) = visual.run(None, {"crops": picture.pixels, "boxes": boxes})
    return _as_given(picture, states[0])


def _as_given(picture: Picture, states: NDArray[np.float32]) -> VisualFeatures:
    assert picture.boxes is not None
    scores = picture.scores
    if scores is None:
        scores = np.ones(len(picture.boxes), dtype=np.float32)
    return VisualFeatures(picture.boxes, picture.labels, scores, states)
