"""Sources of training examples, epoch by epoch."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from training.text.example import Example


class Curriculum(Protocol):
    """A source of examples."""

    def epoch(self, generator: random.Random) -> Iterator[Example]:
        """Every example of one epoch, in no particular order."""


@dataclass(frozen=True)
class Together:
    """The concatenation of several sources."""

    parts: Sequence[Curriculum]

    def epoch(self, generator: random.Random) -> Iterator[Example]:
        """An epoch of every part."""
        for part in self.parts:
            yield from part.epoch(generator)
