"""Posts with pictures in which a model has found one name, and what the picture shows of it.

One JSON object a line says what a text model has found in a post's text: id, image, text, and
entities with start, end, type and score.
"""

from __future__ import annotations

import json
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from training.text.kinds import PERSON, coarse_types
from training.text.passage import Passage, Segment
from training.text.solo import solo_pictures, without_people
from training.text.visual_features import VisualFeatureStore

_SURE, _DOUBTFUL = 0.7, 0.3


@dataclass(frozen=True, slots=True)
class NamedPost:
    """A post about one person; the passage has the person's regions where the picture shows it."""

    image: str
    passage: Passage
    shown: bool


def read_named_posts(
    path: Path, store: VisualFeatureStore, held_out: AbstractSet[int] = frozenset()
) -> list[NamedPost]:
    """The posts of a file that name exactly one person, beside one clear person or nobody.

    Posts with a doubtful name are left out, as are the ids `held_out` and pictures that are not in
    the store.
    """
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows = [r for r in rows if r["id"] not in held_out and r["image"] in store.rows and _clear(r)]
    images = [row["image"] for row in rows]
    shown = {solo.image: solo.regions for solo in solo_pictures(images, store)}
    nobody = set(without_people(images, store))
    return [
        NamedPost(row["image"], _passage(row, shown.get(row["image"], ())), row["image"] in shown)
        for row in rows
        if row["image"] in shown or row["image"] in nobody
    ]


def _clear(row: dict[str, Any]) -> bool:
    """Whether every name is sure, and exactly one is a person's."""
    found = [entity for entity in row["entities"] if entity["score"] >= _DOUBTFUL]
    sure = all(entity["score"] >= _SURE for entity in found)
    return sure and sum(entity["type"] == PERSON for entity in found) == 1


def _passage(row: dict[str, Any], regions: tuple[int, ...]) -> Passage:
    text, at = row["text"], 0
    segments: list[Segment] = []
    for entity in sorted(row["entities"], key=lambda e: e["start"]):
        if entity["score"] < _SURE or entity["start"] < at:
            continue
        segments.append(Segment(text[at : entity["start"]]))
        segments.append(Segment(text[entity["start"] : entity["end"]], entity["type"]))
        at = entity["end"]
    segments.append(Segment(text[at:]))
    passage = Passage(tuple(s for s in segments if s.text), frozenset(coarse_types()), fine=False)
    return passage.mapped(lambda s: replace(s, regions=regions) if s.kind == PERSON else s)
