"""Photos that show one person, combined with sentences that have a name."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tasks import form, instruction
from tasks.document import Box
from tasks.records import Record, Span
from training.evaluation.question import Question
from training.flickr8k import Photo, image_path
from training.text.captions import gender_of
from training.text.example import Example
from training.text.names import NamePool

_PEOPLE = "people"
_LEAST_AREA = 0.02


@dataclass(frozen=True, slots=True)
class Portrait:
    """A photo of one person: its picture, the person's box and gender."""

    image: str
    picture: Path
    box: Box
    gender: str


def portraits_of(photos: Sequence[Photo], folder: Path, most: int) -> list[Portrait]:
    """At most `most` photos of `folder` that show exactly one person with a box.

    The selection is deterministic: photos whose names have the smallest digests.
    """
    ordered = sorted(photos, key=lambda photo: sha256(photo.image.encode()).hexdigest())
    found = [one for photo in ordered if (one := _portrait(photo, folder)) is not None]
    return found[:most]


def empty_photos(photos: Sequence[Photo], folder: Path, most: int) -> list[Path]:
    """The pictures of at most `most` photos without any phrase for a person."""
    ordered = sorted(photos, key=lambda photo: sha256(photo.image.encode()).hexdigest())
    return [image_path(folder, photo) for photo in ordered if not _mentions_people(photo)][:most]


def about(
    frame: str,
    picture: Path,
    boxes: tuple[Box, ...],
    gender: str,
    names: NamePool,
    types: Sequence[str],
    person: str,
    unit: str,
) -> Question:
    """A question with a name in a sentence, and a picture.

    Args:
        frame: the sentence template with {name}, {lower} or {upper}.
        boxes: boxes of the person, empty if the picture does not show one.
        types: all listed types; `person` is the one for people.
        unit: the bootstrap unit; the name is deterministic for a frame and unit.
    """
    generator = random.Random(f"{frame} {unit}")
    name = names.person(gender, generator)
    field = next(key for key in ("{name}", "{lower}", "{upper}") if key in frame)
    shown = {"{name}": name, "{lower}": name.lower(), "{upper}": name.upper()}[field]
    start = frame.index(field)
    text = frame.replace(field, shown)
    example = Example(
        text,
        instruction.ENTITIES,
        form.GROUNDED,
        (Record(person, Span.of(text, start, start + len(shown))),),
        tuple(types),
        (form.REGION_ROLE,),
    )
    return Question(example, unit, (boxes,), picture)


def _portrait(photo: Photo, folder: Path) -> Portrait | None:
    people = [box for box in photo.boxes if _PEOPLE in box.types]
    boxed = {chain for box in people for chain in box.chains}
    phrases = [p for c in photo.captions for p in c.phrases if _PEOPLE in p.types]
    others = [p for p in phrases if p.chain not in boxed]
    if len(people) != 1 or others or _area(people[0].corners) < _LEAST_AREA:
        return None
    genders = Counter(gender_of(phrase.text) for phrase in photo.phrases_of(people[0]))
    if None in genders or not genders:
        return None
    gender = next((one for one, _ in genders.most_common() if one != "any"), "any")
    return Portrait(photo.image, image_path(folder, photo), people[0].corners, gender or "any")


def _mentions_people(photo: Photo) -> bool:
    return any(_PEOPLE in p.types for caption in photo.captions for p in caption.phrases)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
