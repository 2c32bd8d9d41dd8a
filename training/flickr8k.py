"""Reader of Flickr8k photos with the captions, phrases and boxes of Flickr30k Entities.

One JSON object per line describes one photo (``grounded.jsonl`` beside the folder ``images``):
captions with phrases (character offsets, coreference chain, types) and boxes with the chains
they belong to. Source: Hodosh et al. (2013), Plummer et al. (2015).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NOT_VISUAL = "notvisual"


@dataclass(frozen=True)
class Phrase:
    """A noun phrase ``text[start:end]`` of a caption; phrases of one chain corefer."""

    text: str
    start: int
    end: int
    chain: str
    types: tuple[str, ...]


@dataclass(frozen=True)
class Caption:
    """A sentence about the photo and its phrases in order."""

    text: str
    phrases: tuple[Phrase, ...]


@dataclass(frozen=True)
class Box:
    """A box (x1, y1, x2, y2) in 0..1, the chains it shows, and the types of their phrases."""

    corners: tuple[float, float, float, float]
    chains: tuple[str, ...]
    types: tuple[str, ...]


@dataclass(frozen=True)
class Photo:
    """One photo.

    ``scene_chains`` refer to the whole scene, ``unboxed_chains`` to objects without a box.
    ``size`` is the original (width, height) in pixels; stored photos are resized to a square.
    """

    image: str
    split: str
    size: tuple[int, int]
    captions: tuple[Caption, ...]
    boxes: tuple[Box, ...]
    scene_chains: tuple[str, ...]
    unboxed_chains: tuple[str, ...]

    def phrases_of(self, box: Box) -> list[Phrase]:
        """The phrases of all captions that are linked to ``box``."""
        chains = set(box.chains)
        return [p for caption in self.captions for p in caption.phrases if p.chain in chains]

    def boxes_of(self, phrase: Phrase) -> list[Box]:
        """The boxes of the object that ``phrase`` refers to."""
        return [box for box in self.boxes if phrase.chain in box.chains]


def read_photos(folder: Path, split: str | None = None) -> list[Photo]:
    """The photos of ``folder/grounded.jsonl``, of one split (train, val, test) or all.

    Raises:
        FileNotFoundError: if the annotation file is missing.
    """
    return [photo for photo in iterate_photos(folder) if split in (None, photo.split)]


def iterate_photos(folder: Path) -> Iterator[Photo]:
    """The photos of ``folder/grounded.jsonl`` in the file's order."""
    with (folder / "grounded.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            yield photo_from_json(json.loads(line))


def image_path(folder: Path, photo: Photo) -> Path:
    """The path of the image of ``photo``."""
    return folder / "images" / photo.image


def photo_from_json(record: dict[str, Any]) -> Photo:
    """One line of the annotation file as a :class:`Photo`."""
    captions = tuple(_caption(caption) for caption in record["captions"])
    types: dict[str, dict[str, None]] = {}
    for caption in captions:
        for phrase in caption.phrases:
            types.setdefault(phrase.chain, {}).update(dict.fromkeys(phrase.types))
    width, height = record["orig_size"]
    return Photo(
        image=record["image"],
        split=record["split30k"],
        size=(width, height),
        captions=captions,
        boxes=tuple(_box(box, types) for box in record["boxes"]),
        scene_chains=tuple(record["scene_chains"]),
        unboxed_chains=tuple(record["nobox_chains"]),
    )


def _caption(record: dict[str, Any]) -> Caption:
    text = record["text"]
    phrases = tuple(
        Phrase(text[p["start"] : p["end"]], p["start"], p["end"], p["chain"], tuple(p["types"]))
        for p in record["phrases"]
    )
    return Caption(text, phrases)


def _box(record: dict[str, Any], types: dict[str, dict[str, None]]) -> Box:
    chains = tuple(record["chains"])
    found = dict.fromkeys(t for chain in chains for t in types.get(chain, {}) if t != NOT_VISUAL)
    x1, y1, x2, y2 = record["box"]
    return Box((x1, y1, x2, y2), chains, tuple(found))
