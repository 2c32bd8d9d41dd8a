"""Replacement pictures for tweets: photos whose people have similar boxes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from tasks.document import Box, Document
from training.flickr8k import Photo
from training.text.caption_passages import own_regions
from training.text.kinds import PERSON, coarse_of, coarse_types
from training.text.passage import Passage, Segment, passage_of
from training.text.solo import people_boxes
from training.text.visual_features import VisualFeatureStore

_MOST_PEOPLE = 5
_MOST_NAMED = 3
_UNNAMED_COST = 0.15
_LEAST_MATCH = 0.4
_CANDIDATES = 12


@dataclass(frozen=True, slots=True)
class Placement:
    """A photo for a tweet, with the regions of every boxed person by mention index."""

    image: str
    regions: dict[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Surrogate:
    """A tweet as a passage, whose keys are mention indices, and the photos that fit it."""

    passage: Passage
    placements: tuple[Placement, ...]

    def placed(self, generator: random.Random) -> tuple[str, Passage]:
        """A random photo and the passage with its regions; IndexError if no photo fits."""
        placement = generator.choice(self.placements)

        def point(segment: Segment) -> Segment:
            if segment.kind is None:
                return segment
            return replace(segment, regions=placement.regions.get(segment.key, ()))

        return placement.image, self.passage.mapped(point)


@dataclass(frozen=True)
class _Group:
    """The photos with the same number n of people: names, and boxes (P, n, 4)."""

    images: list[str]
    boxes: NDArray[np.float32]


class PeopleIndex:
    """Photos indexed by the boxes of their people; photos must be in the store."""

    def __init__(self, photos: Sequence[Photo], store: VisualFeatureStore) -> None:
        self._store = store
        self._boxes: dict[str, list[Box]] = {}
        by_count: dict[int, list[str]] = {}
        for photo in photos:
            boxes = people_boxes(photo)
            if 1 <= len(boxes) <= _MOST_PEOPLE:
                self._boxes[photo.image] = boxes
                by_count.setdefault(len(boxes), []).append(photo.image)
        self._groups = {
            n: _Group(images, np.array([self._boxes[i] for i in images], dtype=np.float32))
            for n, images in by_count.items()
        }

    def placements(self, boxes: dict[int, Box]) -> tuple[Placement, ...]:
        """The photos that fit `boxes`, best first; keys of `boxes` are chosen by the caller."""
        wanted = np.array(list(boxes.values()), dtype=np.float32)
        rated: list[tuple[float, str, tuple[int, ...]]] = []
        for count, group in self._groups.items():
            if count >= len(boxes):
                rated += _best(group, wanted)
        rated.sort(key=lambda rating: -rating[0])
        placed = (
            self._placement(image, list(boxes), seats)
            for score, image, seats in rated[:_CANDIDATES]
            if score >= _LEAST_MATCH
        )
        return tuple(placement for placement in placed if placement)

    def _placement(
        self, image: str, keys: Sequence[int], seats: tuple[int, ...]
    ) -> Placement | None:
        regions = own_regions(self._store, image, self._boxes[image])
        found = {key: regions[seat] for key, seat in zip(keys, seats, strict=True)}
        return Placement(image, found) if all(found.values()) else None


def surrogates(documents: Sequence[Document], index: PeopleIndex) -> list[Surrogate]:
    """The documents that name a person, with photos if persons have boxes; fine types only."""
    found: list[Surrogate] = []
    for document in documents:
        mentions = document.entities or ()
        persons = {k: m for k, m in enumerate(mentions) if coarse_of(m.type) == PERSON}
        if not persons:
            continue
        boxes = {k: max(m.boxes, key=_area) for k, m in persons.items() if m.boxes}
        passage = passage_of(document, annotated=coarse_types(), fine=True)
        distinct = len(set(boxes.values())) == len(boxes) <= _MOST_NAMED
        if boxes and not distinct:
            continue
        placements = index.placements(boxes) if boxes else ()
        if placements or not boxes:
            found.append(Surrogate(passage, placements))
    return found


def _best(group: _Group, wanted: NDArray[np.float32]) -> list[tuple[float, str, tuple[int, ...]]]:
    """The best photos of the group, with the assignment of their people to `wanted` (m, 4)."""
    overlaps = _iou(group.boxes, wanted)
    count, named = overlaps.shape[1:]
    orders = list(permutations(range(count), named))
    columns = np.arange(named)
    scores = np.stack([overlaps[:, list(o), columns].mean(1) for o in orders], axis=1)
    best = scores.argmax(1)
    rating = scores.max(1) - _UNNAMED_COST * (count - named)
    top = np.argsort(-rating)[:_CANDIDATES]
    return [(float(rating[p]), group.images[p], orders[best[p]]) for p in top]


def _iou(boxes: NDArray[np.float32], wanted: NDArray[np.float32]) -> NDArray[np.float32]:
    """IoU of boxes (P, n, 4) with boxes (m, 4): (P, n, m)."""
    a, b = boxes[:, :, None, :], wanted[None, None, :, :]
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    common = np.clip(high - low, 0, None).prod(-1)
    area_a = (a[..., 2:] - a[..., :2]).prod(-1)
    area_b = (b[..., 2:] - b[..., :2]).prod(-1)
    overlap: NDArray[np.float32] = common / (area_a + area_b - common)
    return overlap


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
