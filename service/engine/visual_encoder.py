"""The visual graph: encodes images and proposes their regions."""

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
from service.engine.interface import Picture, VisualFeatures
from service.engine.preprocess import preprocess_for
from tasks.records import MAX_REGIONS

_WHOLE_IMAGE = (0.0, 0.0, 1.0, 1.0)


def encode_images(bundle: Bundle, pictures: Sequence[Picture]) -> list[VisualFeatures]:
    """Encode images with the visual graph of a bundle, which must have one.

    Proposed regions with a score below the bundle's `least_region_score` are left out. Given boxes
    are all kept.
    """
    assert bundle.visual is not None
    if isinstance(bundle.tower, ClipTowerConfig):
        return [_encode_crops(bundle.visual, picture) for picture in pictures]
    return encode_pixels(bundle.visual, pictures, bundle.least_region_score)


def blank_picture(bundle: Bundle) -> Picture | None:
    """Return a black image to warm the graph up with; None where the bundle has no visual tower."""
    preprocess = preprocess_for(bundle.tower)
    return preprocess(Image.new("RGB", (32, 32)), None) if preprocess is not None else None


def encode_pixels(
    visual: ort.InferenceSession, pictures: Sequence[Picture], least_score: float
) -> list[VisualFeatures]:
    """Encode images with the visual graph of a tower that proposes regions.

    Args:
        visual: the session of the visual graph.
        pictures: images, with or without given boxes.
        least_score: proposed regions with a lower score are left out.
    """
    given_boxes = np.zeros((len(pictures), MAX_REGIONS, 4), dtype=np.float32)
    is_given = np.zeros(len(pictures), dtype=np.float32)
    for row, picture in enumerate(pictures):
        if picture.boxes is not None:
            given_boxes[row, : len(picture.boxes)] = picture.boxes
            is_given[row] = 1.0
    pixels = np.stack([picture.pixels for picture in pictures])
    feeds = {"pixels": pixels, "own": given_boxes, "given": is_given}
    boxes, labels, scores, states = visual.run(None, feeds)
    counts = (scores >= least_score).sum(1)  # proposals are sorted by descending score
    encoded = []
    for i, (picture, n) in enumerate(zip(pictures, counts, strict=True)):
        types = tuple(REGION_TYPES[label] for label in labels[i, :n])
        proposed = VisualFeatures(
            boxes[i, :n].copy(), types, scores[i, :n].copy(), states[i].copy()
        )
        encoded.append(proposed if picture.boxes is None else _as_given(picture, proposed.states))
    return encoded


def _encode_crops(visual: ort.InferenceSession, picture: Picture) -> VisualFeatures:
    assert picture.boxes is not None
    boxes = np.zeros((VISUAL_ROWS, 4), dtype=np.float32)
    boxes[0] = _WHOLE_IMAGE
    boxes[1 : 1 + len(picture.boxes)] = picture.boxes
    (states,) = visual.run(None, {"crops": picture.pixels, "boxes": boxes})
    return _as_given(picture, states[0])


def _as_given(picture: Picture, states: NDArray[np.float32]) -> VisualFeatures:
    """Return features with the given boxes, labels and scores."""
    assert picture.boxes is not None
    scores = picture.scores
    if scores is None:
        scores = np.ones(len(picture.boxes), dtype=np.float32)
    return VisualFeatures(picture.boxes, picture.labels, scores, states)
