"""Captions as passages that name one person or several, each with separate regions."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torchvision.ops import box_iou

from tasks.document import Box
from training.flickr8k import Caption, Photo, Phrase
from training.text.captions import gender_of, single_people
from training.text.kinds import SOMEONE
from training.text.names import NamePool
from training.text.passage import Passage, Segment
from training.text.visual_features import VisualFeatureStore

_LEAST_IOU = 0.5
_MOST_NAMED = 3


def own_regions(
    store: VisualFeatureStore, image: str, boxes: Sequence[Box], least_iou: float = _LEAST_IOU
) -> list[tuple[int, ...]]:
    """For every box the regions that overlap it enough, and no other box more; best first."""
    row = store.rows[image]
    count = len(store.picture(image).regions)
    if not count or not boxes:
        return [() for _ in boxes]
    overlaps = box_iou(store.boxes[row, :count], torch.tensor(list(boxes)))
    owner = overlaps.argmax(1).tolist()
    found: list[tuple[int, ...]] = []
    for j in range(len(boxes)):
        values = overlaps[:, j].tolist()
        good = [k for k in range(count) if owner[k] == j and values[k] >= least_iou]
        found.append(tuple(k + 1 for k in sorted(good, key=lambda k: -values[k])))
    return found


@dataclass(frozen=True, slots=True)
class _Peopled:
    """A caption with its phrases that refer to one person, and the regions of each person."""

    image: str
    caption: Caption
    people: tuple[tuple[Phrase, tuple[int, ...]], ...]


class CaptionPassages:
    """Captions of photos with people, with names instead of "a man"; photos are in the store."""

    def __init__(self, photos: Sequence[Photo], store: VisualFeatureStore, names: NamePool) -> None:
        self._names = names
        found = (
            _Peopled(photo.image, caption, _people(photo, caption, store))
            for photo in photos
            for caption in photo.captions
        )
        self._one = [peopled for peopled in found if peopled.people]
        self._several = [peopled for peopled in self._one if len(peopled.people) > 1]

    @property
    def counts(self) -> tuple[int, int]:
        """The number of captions with a person to name, and of those with two or more."""
        return len(self._one), len(self._several)

    def one(self, generator: random.Random) -> tuple[str, Passage]:
        """A photo and its caption with one name; the photo may show further people."""
        chosen = generator.choice(self._one)
        people = [generator.choice(chosen.people)]
        return chosen.image, self._passage(chosen.caption, people, generator)

    def several(self, generator: random.Random) -> tuple[str, Passage]:
        """A photo and its caption with two or three names without a common region."""
        chosen = generator.choice(self._several)
        count = generator.randint(2, min(_MOST_NAMED, len(chosen.people)))
        people = generator.sample(chosen.people, count)
        people.sort(key=lambda person: person[0].start)
        return chosen.image, self._passage(chosen.caption, people, generator)

    def _passage(
        self,
        caption: Caption,
        people: Sequence[tuple[Phrase, tuple[int, ...]]],
        generator: random.Random,
    ) -> Passage:
        segments: list[Segment] = []
        used: set[str] = set()
        at = 0
        for phrase, regions in people:
            name = self._names.person(gender_of(phrase.text) or "any", generator)
            while name in used:
                name = self._names.person("any", generator)
            used.add(name)
            segments.append(Segment(caption.text[at : phrase.start]))
            segments.append(Segment(name, SOMEONE, regions))
            at = phrase.end
        segments.append(Segment(caption.text[at:]))
        return Passage(tuple(segment for segment in segments if segment.text))


def _people(
    photo: Photo, caption: Caption, store: VisualFeatureStore
) -> tuple[tuple[Phrase, tuple[int, ...]], ...]:
    """The phrases with regions that refer to one person, in order; the first one per person."""
    people = {box: phrase for phrase, box in reversed(single_people(photo, caption))}
    if not people:
        return ()
    others = [b.corners for b in photo.boxes if "people" in b.types and b.corners not in people]
    regions = own_regions(store, photo.image, [*people, *others])
    shown = [(p, r) for p, r in zip(people.values(), regions, strict=False) if r]
    return tuple(sorted(shown, key=lambda person: person[0].start))
