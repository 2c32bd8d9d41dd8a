"""Kinds of named entities: FMNERG's fine types, their parents, and free words for them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TypedDict

import yaml

from tasks.ontology import load
from training.text.names import is_held_out

PERSON = "person"
SOMEONE = "someone"
"""A person of unknown occupation: every word for persons is correct."""

_NO_FINE_TYPE = {
    "nurse": "other person",
    "teacher": "other person",
    "police officer": "other person",
}
_GENERIC = "other person"


class _Tree(TypedDict):
    words: dict[str, list[str]]
    things: dict[str, list[str]]


@cache
def _shipped() -> _Tree:
    text = files("training.text").joinpath("kinds.yaml").read_text(encoding="utf-8")
    tree: _Tree = yaml.safe_load(text)
    return tree


@cache
def coarse_types() -> tuple[str, ...]:
    """The four types of posts."""
    return tuple(t.name for t in load("twitter4").entities)


@cache
def fine_kinds() -> dict[str, tuple[str, str]]:
    """Every kind below the coarse types, with its types in fmnerg8 and in fmnerg51."""
    fine = {t.name: (str(t.parent), t.name) for t in load("fmnerg51").entities}
    invented = {kind: (PERSON, name) for kind, name in _NO_FINE_TYPE.items()}
    return {**fine, **invented, SOMEONE: (PERSON, _GENERIC)}


@cache
def coarse_of(kind: str) -> str:
    """The twitter4 type of a kind; a coarse type maps to itself. KeyError for other words."""
    if kind in coarse_types():
        return kind
    parents = {t.name: str(t.parent) for t in load("fmnerg8").entities}
    return parents[fine_kinds()[kind][0]]


def words_for(kind: str) -> tuple[str, ...]:
    """Free words that name a kind; for `SOMEONE` those of all persons."""
    words = _shipped()["words"]
    if kind == SOMEONE:
        return tuple(w for k, listed in words.items() if coarse_of(k) == PERSON for w in listed)
    return tuple(words[kind])


@cache
def kinds_with_words() -> tuple[str, ...]:
    """Every kind with free words, including coarse types."""
    return tuple(_shipped()["words"])


@cache
def things(kind: str) -> tuple[str, ...]:
    """Names of entities of a kind, without held-out names."""
    return tuple(name for name in _shipped()["things"][kind] if not is_held_out(name))
