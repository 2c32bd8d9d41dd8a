"""Synonyms and descriptions of labels, so that training does not depend on one wording.

`wordings.yaml` has them by label. Descriptions specific to a set are in the set.
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
    """Synonyms of a label and its description, "" if there is none."""

    synonyms: tuple[str, ...] = ()
    description: str = ""


def wording(kind: Kind, label: str) -> Wording:
    """The wording of a label; an empty one if the label has none."""
    return _all()[kind].get(label, Wording())


def alternatives(kind: Kind, label: str, listed: Collection[str]) -> tuple[str, ...]:
    """Synonyms of `label` that are unambiguous among the labels in `listed`.

    A word that is another listed label, or a synonym of one, is left out.
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
