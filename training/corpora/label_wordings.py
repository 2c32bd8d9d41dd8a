"""Other words for labels and a sentence about each, so that training does not learn one wording.

`wordings.yaml` holds them by the label's word. Descriptions of single sets come with the sets.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml

Kind = Literal["entities", "relations", "events"]


@dataclass(frozen=True, slots=True)
class Wording:
    """Words that can stand for a label, and what it means; "" where nothing is said."""

    synonyms: tuple[str, ...] = ()
    description: str = ""


def wording(kind: Kind, label: str) -> Wording:
    """The wording of a label; an empty one if the label has none."""
    return _all()[kind].get(label, Wording())


def alternatives(kind: Kind, label: str, listed: Collection[str]) -> tuple[str, ...]:
    """Synonyms of `label` that can stand beside the other labels in `listed`.

    A word that is another listed label, or that another listed label can be called too, is left
    out: it would stand for two things.
    """
    taken: set[str] = set()
    for other in listed:
        if other != label:
            taken |= {other, *wording(kind, other).synonyms}
    return tuple(word for word in wording(kind, label).synonyms if word not in taken)


@cache
def _all() -> dict[Kind, dict[str, Wording]]:
    text = files("training.corpora").joinpath("wordings.yaml").read_text(encoding="utf-8")
    tree = yaml.safe_load(text)
    kinds: tuple[Kind, ...] = ("entities", "relations", "events")
    return {
        kind: {
            label: Wording(tuple(row["synonyms"]), row.get("description", ""))
            for label, row in tree[kind].items()
        }
        for kind in kinds
    }
