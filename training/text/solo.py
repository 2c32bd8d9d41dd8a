"""Pictures by the number of people shown: one clear person, a crowd, or no person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.ops import box_iou

from tasks.document import Box
from training.flickr8k import Photo
from training.text.captions import gender_of
from training.text.portraits import Portrait
from training.text.visual_features import VisualFeatureStore

PEOPLE = 0
"""The label of people in the tower's output."""

_LEAST_AREA = 0.02
_SURE, _PORTRAYED, _OTHER, _NOBODY = 0.62, 0.2, 0.3, 0.3
_SAME, _INSIDE = 0.3, 0.6
_DOMINANT_AREA = 0.08
_CROWD = 4


@dataclass(frozen=True, slots=True)
class Solo:
    """A picture of one person: its name, the person's gender, and the person's regions."""

    image: str
    gender: str
    regions: tuple[int, ...]


def people_boxes(photo: Photo) -> list[Box]:
    """The boxes of a photo's people."""
    return [box.corners for box in photo.boxes if "people" in box.types]


def solo_photos(photos: Iterable[Photo], store: VisualFeatureStore) -> list[Solo]:
    """The photos with one box of a person, where captions and tower agree."""
    found: list[Solo] = []
    for photo in photos:
        boxes = people_boxes(photo)
        if len(boxes) != 1 or _area(boxes[0]) < _LEAST_AREA or _others_named(photo):
            continue
        regions = store.regions_on(photo.image, boxes[0])
        if regions and not _others_seen(store, photo.image, boxes[0]):
            found.append(Solo(photo.image, _gender(photo), tuple(regions)))
    return found


def solo_portraits(portraits: Iterable[Portrait], store: VisualFeatureStore) -> list[Solo]:
    """The portraits in which the tower finds a person."""
    found = (_dominant(store, p.image, p.gender, _PORTRAYED) for p in portraits)
    return [solo for solo in found if solo]


def solo_pictures(images: Iterable[str], store: VisualFeatureStore) -> list[Solo]:
    """Pictures without boxes, where the tower finds one large person and no other."""
    found = (_dominant(store, image, "any", _SURE) for image in images)
    return [s for s in found if s and not _others_seen(store, s.image, _box(store, s))]


def crowds(photos: Iterable[Photo]) -> list[str]:
    """The photos with so many people that a name identifies none of them."""
    return [photo.image for photo in photos if len(people_boxes(photo)) >= _CROWD]


def without_people(
    images: Iterable[str], store: VisualFeatureStore, boxed: Sequence[str] = ()
) -> list[str]:
    """The pictures in which the tower finds no person, without those in `boxed`."""
    known = set(boxed)
    found: list[str] = []
    for image in images:
        best = store.best_of(image, PEOPLE)
        if image not in known and (best is None or best[1] < _NOBODY):
            found.append(image)
    return found


def _dominant(store: VisualFeatureStore, image: str, gender: str, least: float) -> Solo | None:
    best = store.best_of(image, PEOPLE)
    if best is None or best[1] < least:
        return None
    solo = Solo(image, gender, tuple(store.like(image, best[0])))
    large = _area(_box(store, solo)) >= _DOMINANT_AREA
    return solo if large else None


def _box(store: VisualFeatureStore, solo: Solo) -> Box:
    x1, y1, x2, y2 = store.boxes[store.rows[solo.image], solo.regions[0] - 1].tolist()
    return x1, y1, x2, y2


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _others_named(photo: Photo) -> bool:
    """Whether a caption mentions people without a box."""
    unboxed = set(photo.unboxed_chains)
    return any(
        phrase.chain in unboxed and phrase.types[:1] == ("people",)
        for caption in photo.captions
        for phrase in caption.phrases
    )


def _others_seen(store: VisualFeatureStore, image: str, box: Box) -> bool:
    """Whether the tower finds a person other than the one in `box` or a part of that one."""
    row = store.rows[image]
    count = len(store.picture(image).regions)
    people = (store.labels[row, :count] == PEOPLE) & (store.scores[row, :count] >= _OTHER)
    boxes = store.boxes[row, :count][people]
    if not len(boxes):
        return False
    own = torch.tensor([box])
    apart = box_iou(boxes, own)[:, 0] < _SAME
    return bool((apart & (_inside(boxes, own) < _INSIDE)).any())


def _inside(boxes: Tensor, own: Tensor) -> Tensor:
    """The share of the area of each of `boxes` (N, 4) inside `own` (1, 4): (N,)."""
    low = torch.maximum(boxes[:, :2], own[:, :2])
    high = torch.minimum(boxes[:, 2:], own[:, 2:])
    common = (high - low).clamp(min=0).prod(1)
    return common / (boxes[:, 2:] - boxes[:, :2]).prod(1).clamp(min=1e-6)


def _gender(photo: Photo) -> str:
    """The gender in most of the captions."""
    said = (gender_of(p.text) for box in photo.boxes for p in photo.phrases_of(box))
    counts = Counter(gender for gender in said if gender in ("male", "female"))
    return counts.most_common(1)[0][0] if counts else "any"
