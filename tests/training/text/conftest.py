"""A tiny tokenizer's prompts, and pictures as the tower would have stored them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tasks.instruction import Prompter
from tests.support.bundle import WORDS
from tests.support.bundle import tiny_bundle as tiny_bundle
from tests.support.bundle import tiny_folder as tiny_folder
from tests.support.tokenizer import tiny_tokenizer
from training.flickr8k import Photo, photo_from_json
from training.text.visual_features import VisualFeatureStore

PEOPLE, ANIMALS, OTHER = 0, 2, 7
MAN, DOG, BALL = (0.1, 0.1, 0.4, 0.9), (0.5, 0.5, 0.8, 0.9), (0.85, 0.85, 0.95, 0.95)


@pytest.fixture(scope="session")
def prompter() -> Prompter:
    return Prompter(tiny_tokenizer(WORDS), 256, 448, " ")


@pytest.fixture
def photo() -> Photo:
    """Two captions about a man with a dog; the ball has no region in the store."""
    return photo_from_json(
        {
            "image": "park.jpg",
            "split30k": "train",
            "orig_size": [500, 375],
            "captions": [
                {
                    "text": "A man throws a ball for his dog .",
                    "phrases": [
                        {"chain": "1", "types": ["people"], "start": 0, "end": 5},
                        {"chain": "3", "types": ["other"], "start": 13, "end": 19},
                        {"chain": "2", "types": ["animals"], "start": 24, "end": 31},
                    ],
                },
            ],
            "boxes": [
                {"chains": ["1"], "box": list(MAN)},
                {"chains": ["2"], "box": list(DOG)},
                {"chains": ["3"], "box": list(BALL)},
            ],
            "scene_chains": [],
            "nobox_chains": [],
        }
    )


@pytest.fixture
def store() -> VisualFeatureStore:
    """Two pictures: the photo's, whose third region is too doubtful to offer, and a bare one."""
    boxes = torch.zeros(2, 36, 4)
    boxes[0, :3] = torch.tensor([DOG, MAN, BALL])
    boxes[1, :1] = torch.tensor([[0.0, 0.0, 0.5, 0.5]])
    scores = torch.zeros(2, 36)
    scores[0, :3] = torch.tensor([0.9, 0.5, 0.05])
    scores[1, :1] = 0.3
    labels = torch.zeros(2, 36, dtype=torch.int64)
    labels[0, :3] = torch.tensor([ANIMALS, PEOPLE, OTHER])
    labels[1, 0] = OTHER
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(2, 37, 512, generator=generator).half()
    return VisualFeatureStore({"park.jpg": 0, "wall.jpg": 1}, features, boxes, scores, labels, 0.1)


@pytest.fixture
def crowded(store: VisualFeatureStore) -> VisualFeatureStore:
    """The photo's regions are the upper part of the man, the dog, and the whole man."""
    boxes, labels, scores = store.boxes.clone(), store.labels.clone(), store.scores.clone()
    boxes[0, :3] = torch.tensor([(0.1, 0.1, 0.4, 0.7), DOG, MAN])
    labels[0, :3] = torch.tensor([PEOPLE, ANIMALS, PEOPLE])
    scores[0, :3] = torch.tensor([0.9, 0.8, 0.7])
    return replace(store, boxes=boxes, labels=labels, scores=scores)
