"""Posts in whose texts a model found one name, with the regions of the named person.

The names are the output of ``umie batch --ontology twitter4 --tasks entities`` for the posts' texts
without their pictures: one JSON object per line with id, and extraction or error.
"""

from __future__ import annotations

import json
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from training.corpora.files import lines_of
from training.text.kinds import PERSON, coarse_types
from training.text.passage import Passage, Segment
from training.text.solo import solo_pictures, without_people
from training.text.visual_features import VisualFeatureStore

_SURE, _DOUBTFUL = 0.7, 0.3


@dataclass(frozen=True, slots=True)
class NamedPost:
    """A post about one person; the passage has the person's regions if the picture shows one."""

    image: str
    passage: Passage
    shown: bool


def read_named_posts(
    posts: Path, answers: Path, store: VisualFeatureStore, held_out: AbstractSet[int] = frozenset()
) -> list[NamedPost]:
    """The posts that name exactly one person, with a picture of one clear person or of no person.

    Posts with an uncertain name, the ids `held_out` and pictures without features are left out.

    Args:
        posts: one JSON object per line: id, image (a path) and text.
        answers: the model's answers by id; posts without one are left out.
        store: features of the posts' pictures.
        held_out: ids that are reserved for evaluation.
    """
    found = {int(row["id"]): row["extraction"] for row in _rows(answers) if row["extraction"]}
    clear: dict[str, Passage] = {}
    for post in _rows(posts):
        image, entities = Path(post["image"]).name, found.get(post["id"], {}).get("entities", [])
        if post["id"] not in held_out and image in store.rows and _clear(entities):
            clear[image] = _passage(post["text"], entities)
    shown = {solo.image: solo.regions for solo in solo_pictures(clear, store)}
    nobody = without_people(clear, store)
    return [
        *(NamedPost(image, _pointed(clear[image], shown[image]), True) for image in shown),
        *(NamedPost(image, clear[image], False) for image in nobody),
    ]


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for _, line in lines_of(path) if line.strip()]


def _clear(entities: list[dict[str, Any]]) -> bool:
    """Whether every name has a high score, and exactly one is a person's."""
    listed = [entity for entity in entities if entity["score"] >= _DOUBTFUL]
    sure = all(entity["score"] >= _SURE for entity in listed)
    return sure and sum(entity["type"] == PERSON for entity in listed) == 1


def _passage(text: str, entities: list[dict[str, Any]]) -> Passage:
    segments: list[Segment] = []
    at = 0
    for entity in sorted(entities, key=lambda e: e["start"]):
        if entity["score"] < _SURE or entity["start"] < at:
            continue
        segments.append(Segment(text[at : entity["start"]]))
        segments.append(Segment(text[entity["start"] : entity["end"]], entity["type"]))
        at = entity["end"]
    segments.append(Segment(text[at:]))
    kept = tuple(segment for segment in segments if segment.text)
    return Passage(kept, frozenset(coarse_types()), fine=False)


def _pointed(passage: Passage, regions: tuple[int, ...]) -> Passage:
    return passage.mapped(lambda s: replace(s, regions=regions) if s.kind == PERSON else s)
