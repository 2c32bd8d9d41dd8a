from __future__ import annotations

import random
from pathlib import Path

import torch

from models.tower_config import REGION_TYPES
from training.flickr8k import read_photos
from training.vision.dataset import PhotoDataset, texts_of


def test_texts_are_unique_and_sorted(photo_folder: Path) -> None:
    assert texts_of(read_photos(photo_folder)) == ["a red square", "a red square on grey"]


def test_batches_hold_boxes_types_and_drawn_texts(photo_folder: Path) -> None:
    photos = read_photos(photo_folder, "train")
    texts = texts_of(photos)
    dataset = PhotoDataset(photo_folder, photos, texts, 32)
    batch = dataset.batch([0, 3], random.Random(0))
    assert batch.images.shape == (2, 32, 32, 3)
    assert batch.images[0, 16, 16].tolist() == [220, 20, 20]
    torch.testing.assert_close(batch.boxes[0, 0], torch.tensor([0.25, 0.25, 0.75, 0.75]))
    assert batch.types[0, 0, REGION_TYPES.index("people")] == 1
    assert batch.types[0, 1].sum() == 0
    assert batch.phrases.tolist() == [[texts.index("a red square"), -1]] * 2
    assert batch.captions.tolist() == [texts.index("a red square on grey")] * 2


def test_an_epoch_shows_full_batches_in_a_seeded_order(photo_folder: Path) -> None:
    photos = read_photos(photo_folder, "train")
    dataset = PhotoDataset(photo_folder, photos, texts_of(photos), 16)
    first = [batch.images for batch in dataset.epoch(4, random.Random(5))]
    again = [batch.images for batch in dataset.epoch(4, random.Random(5))]
    assert [len(images) for images in first] == [4]
    assert torch.equal(first[0], again[0])
