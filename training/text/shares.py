"""Mixtures of the standard preset: how often each corpus is drawn per epoch."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import yaml

Mixture = Literal["broad", "relations"]


@dataclass(frozen=True)
class Shares:
    """The sizes of one epoch.

    Args:
        corpora: repetitions of a document, by corpus; a fraction is a random sample.
        open: records drawn, by open set.
        stated: texts that state relations.
        grounding: texts with a picture.
    """

    corpora: dict[str, float]
    open: dict[str, int]
    stated: int
    grounding: int

    @classmethod
    def of(cls, mixture: Mixture) -> Shares:
        """Load a mixture from `shares.yaml`."""
        text = files("training.text").joinpath("shares.yaml").read_text(encoding="utf-8")
        return cls(**yaml.safe_load(text)[mixture])
