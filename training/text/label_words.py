"""Other words for labels, so that the model follows whatever a list says."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import yaml

_OTHER = 0.18
_STYLED = 0.08


@cache
def _tables() -> tuple[dict[str, list[str]], dict[str, str]]:
    """Synonyms by label, and descriptions by label, of `label_words.yaml`."""
    text = files("training.text").joinpath("label_words.yaml").read_text(encoding="utf-8")
    tree = yaml.safe_load(text)
    return tree["synonyms"], tree["descriptions"]


def word_for(label: str, generator: random.Random) -> str:
    """The label, now and then another word for it or another spelling of it."""
    synonyms, _ = _tables()
    others = synonyms.get(label, ())
    word = generator.choice(others) if others and generator.random() < _OTHER else label
    if generator.random() < _STYLED:
        word = generator.choice((word.upper(), word.title(), word.replace(" ", "_")))
    return word


def descriptions_of(corpus: str, labels: Iterable[str]) -> Mapping[str, str]:
    """A sentence about each of `labels` that has one."""
    _, descriptions = _tables()
    return {label: descriptions[label] for label in labels if label in descriptions}
