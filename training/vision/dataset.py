"""Photos, boxes and phrases of one split as tensors in memory."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from models.pixels import squash
from models.tower_config import REGION_TYPES
from training.flickr8k import Photo, image_path


@dataclass
class Batch:
    """Padded tensors of some photos; M is the largest number of boxes among them.

    ``images`` (B, S, S, 3) uint8, ``boxes`` (B, M, 4) xyxy in 0..1 (zeros where padded),
    ``types`` (B, M, C) multi-hot, ``phrases`` (B, M) and ``captions`` (B,) rows of the
    embedding table, one sampled per box and per photo; phrases are -1 if a box has none.
    """

    images: Tensor
    boxes: Tensor
    types: Tensor
    phrases: Tensor
    captions: Tensor


def load_images(paths: Sequence[Path], size: int) -> Tensor:
    """Pictures resized to (N, size, size, 3), uint8, without keeping the aspect ratio."""

    def load(path: Path) -> np.ndarray:
        with Image.open(path) as image:
            return np.asarray(squash(image, size))

    images = torch.empty(len(paths), size, size, 3, dtype=torch.uint8)
    with ThreadPoolExecutor(4) as pool:
        for index, image in enumerate(tqdm(pool.map(load, paths), total=len(paths), desc="photos")):
            images[index] = torch.from_numpy(image.copy())
    return images


def texts_of(photos: Sequence[Photo]) -> list[str]:
    """Every phrase and caption of the photos once, lower-cased, in a fixed order."""
    texts: dict[str, None] = {}
    for photo in photos:
        for caption in photo.captions:
            texts[caption.text.lower()] = None
            texts.update(dict.fromkeys(phrase.text.lower() for phrase in caption.phrases))
    return sorted(texts)


class PhotoDataset:
    """Photos in memory, sampled as :class:`Batch`."""

    def __init__(
        self, folder: Path, photos: Sequence[Photo], texts: Sequence[str], image_size: int
    ) -> None:
        rows = {text: row for row, text in enumerate(texts)}
        self.photos = list(photos)
        self.images = load_images([image_path(folder, photo) for photo in photos], image_size)
        self.boxes = [
            torch.tensor([box.corners for box in photo.boxes]).reshape(-1, 4) for photo in photos
        ]
        self.types = [_multi_hot(photo) for photo in photos]
        self.captions = [[rows[c.text.lower()] for c in photo.captions] for photo in photos]
        self.phrases = [
            [[rows[p.text.lower()] for p in photo.phrases_of(box)] for box in photo.boxes]
            for photo in photos
        ]

    def __len__(self) -> int:
        return len(self.photos)

    def batch(self, indices: Sequence[int], rng: random.Random) -> Batch:
        """The photos at ``indices``, with a random phrase for every box."""
        most = max(1, *(len(self.boxes[i]) for i in indices))
        boxes = torch.zeros(len(indices), most, 4)
        types = torch.zeros(len(indices), most, len(REGION_TYPES))
        phrases = torch.full((len(indices), most), -1)
        for row, index in enumerate(indices):
            count = len(self.boxes[index])
            boxes[row, :count] = self.boxes[index]
            types[row, :count] = self.types[index]
            drawn = [rng.choice(found) if found else -1 for found in self.phrases[index]]
            phrases[row, :count] = torch.tensor(drawn, dtype=torch.long)
        captions = torch.tensor([rng.choice(self.captions[i]) for i in indices])
        return Batch(self.images[list(indices)], boxes, types, phrases, captions)

    def epoch(self, batch_size: int, rng: random.Random) -> Iterator[Batch]:
        """All photos once in random order, in full batches."""
        order = list(range(len(self)))
        rng.shuffle(order)
        for start in range(0, len(order) - batch_size + 1, batch_size):
            yield self.batch(order[start : start + batch_size], rng)


def _multi_hot(photo: Photo) -> Tensor:
    types = torch.zeros(len(photo.boxes), len(REGION_TYPES))
    for row, box in enumerate(photo.boxes):
        for name in box.types:
            types[row, REGION_TYPES.index(name)] = 1
    return types
