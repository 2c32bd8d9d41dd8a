from __future__ import annotations

import numpy as np
from PIL import Image

from models.clip_config import ClipTowerConfig
from models.tower_config import TowerConfig
from service.engine.preprocess import preprocess_for
from service.engine.proposal import Proposal


def test_a_tower_that_proposes_gets_pixels_and_given_boxes() -> None:
    preprocess = preprocess_for(TowerConfig(image_size=32))
    assert preprocess is not None
    image = Image.new("RGB", (30, 50))
    alone = preprocess(image, None)
    assert alone.pixels.shape == (3, 32, 32) and alone.boxes is None
    boxes = np.array([[0.0, 0.0, 0.5, 0.5]], dtype=np.float32)
    given = preprocess(image, Proposal(boxes, ("flag",), np.array([0.5], dtype=np.float32)))
    assert given.boxes is boxes and given.labels == ("flag",)
    assert given.scores is not None and given.scores.tolist() == [0.5]


def test_without_a_tower_there_is_no_preprocessor() -> None:
    assert preprocess_for(None) is None


def test_a_tower_that_does_not_propose_gets_one_crop_per_region() -> None:
    preprocess = preprocess_for(ClipTowerConfig(image_size=32))
    assert preprocess is not None
    image = Image.new("RGB", (30, 50))
    alone = preprocess(image, None)
    assert alone.pixels.shape == (1, 3, 32, 32)
    assert alone.boxes is not None and alone.boxes.shape == (0, 4)
    boxes = np.array([[0.0, 0.0, 0.5, 0.5], [0.5, 0.0, 1.0, 1.0]], dtype=np.float32)
    scores = np.array([0.5, 0.4], dtype=np.float32)
    given = preprocess(image, Proposal(boxes, ("flag", "person"), scores))
    assert given.pixels.shape == (3, 3, 32, 32)
    assert given.boxes is boxes and given.labels == ("flag", "person") and given.scores is scores
