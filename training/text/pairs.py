"""Captions as passages: one person named, or several, each with regions of their own."""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
from torchvision.ops import box_iou

from tasks.document import Box
from training.flickr8k import Caption, Photo, Phrase
from training.text.captions import gender_of, single_people
from training.text.kinds import SOMEONE
from training.text.names import NamePool
from training.text.passage import Passage, Segment
from training.text.sights import SightStore

_LEAST_IOU = 0.5
_MOST_NAMED = 3


def own_regions(
    store: SightStore, image: str, boxes: Sequence[Box], least_iou: float = _LEAST_IOU
) -> list[tuple[int, ...]]:
    """For every box the regions that overlap it enough and no other box more, the best first."""
    row = store.rows[image]
    count = len(store.sight(image).regions)
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


class CaptionPassages:
    """Captions of photos with people, names in the place of "a man"; photos are in the store."""

    def __init__(self, photos: Sequence[Photo], store: SightStore, names: NamePool) -> None:
        self._store, self._names = store, names
        self._one = [(p, c) for p in photos for c in p.captions if self._people(p, c)]
        self._several = [(p, c) for p, c in self._one if len(self._people(p, c)) > 1]

    @property
    def counts(self) -> tuple[int, int]:
        """Captions with a person to name, and those of them with two or more."""
        return len(self._one), len(self._several)

    def one(self, generator: random.Random) -> tuple[str, Passage]:
        """A photo and its caption with one name, whoever else is in the picture."""
        photo, caption = generator.choice(self._one)
        people = self._people(photo, caption)
        return photo.image, self._passage(caption, [generator.choice(people)], generator)

    def several(self, generator: random.Random) -> tuple[str, Passage]:
        """A photo and its caption with two names or three, no two with a region in common."""
        photo, caption = generator.choice(self._several)
        people = self._people(photo, caption)
        chosen = generator.sample(people, generator.randint(2, min(_MOST_NAMED, len(people))))
        chosen.sort(key=lambda person: person[0].start)
        return photo.image, self._passage(caption, chosen, generator)

    @property
    def has_several(self) -> bool:
        """Whether any caption has two people to name."""
        return bool(self._several)

    def _people(self, photo: Photo, caption: Caption) -> list[tuple[Phrase, tuple[int, ...]]]:
        """The phrases about one person with regions; two phrases of one box are one person."""
        people = {box: phrase for phrase, box in reversed(single_people(photo, caption))}
        others = [b.corners for b in photo.boxes if "people" in b.types and b.corners not in people]
        regions = own_regions(self._store, photo.image, [*people, *others])
        shown = [(p, r) for p, r in zip(people.values(), regions, strict=False) if r]
        return sorted(shown, key=lambda person: person[0].start)

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
