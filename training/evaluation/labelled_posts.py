"""Manually labelled posts: the people that texts name, and their boxes in the pictures.

The labels are in `data/posts.yaml`; texts and pictures are in the folder of the posts. Training
leaves out these posts and all copies of them (`held_out_ids`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import yaml

from tasks.document import Box


@dataclass(frozen=True, slots=True)
class Name:
    """A name in a post, its type, and its boxes; no boxes if the picture does not show it."""

    text: str
    type: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class LabelledPost:
    """A post by its id, with the names in its text."""

    id: int
    names: tuple[Name, ...]

    @property
    def split(self) -> str:
        """The half, "dev" or "test", by a digest of the id."""
        return "dev" if sha256(str(self.id).encode()).digest()[0] % 2 else "test"


def labelled_posts(split: str | None = None) -> list[LabelledPost]:
    """The labelled posts of a split ("dev" or "test"), or all of them, by id."""
    posts = [LabelledPost(number, _names(names)) for number, names in _tree()["posts"]]
    return [post for post in posts if split in (None, post.split)]


@cache
def held_out_ids() -> frozenset[int]:
    """The ids that training must not use: the labelled posts and the copies of them."""
    tree = _tree()
    return frozenset([number for number, _ in tree["posts"]] + tree["copies"])


def _names(rows: list[list[Any]]) -> tuple[Name, ...]:
    return tuple(Name(text, kind, tuple(_box(box) for box in boxes)) for text, kind, boxes in rows)


def _box(corners: list[float]) -> Box:
    x1, y1, x2, y2 = map(float, corners)
    return x1, y1, x2, y2


@cache
def _tree() -> dict[str, Any]:
    path = files("training.evaluation").joinpath("data/posts.yaml")
    tree: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tree
