"""Micro-averaged precision, recall and F1, with their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """The number of correct, predicted and gold items; can be added over documents."""

    correct: int = 0
    predicted: int = 0
    gold: int = 0

    @classmethod
    def of(cls, predicted: Iterable[Hashable], gold: Iterable[Hashable]) -> Counts:
        """Exact matches; each gold item is used at most once."""
        ours, wanted = Counter(predicted), Counter(gold)
        return cls((ours & wanted).total(), ours.total(), wanted.total())

    @classmethod
    def share(cls, right: int, of: int) -> Counts:
        """A share, such as an accuracy: precision, recall and F1 are equal."""
        return cls(right, of, of)

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.correct + other.correct, self.predicted + other.predicted, self.gold + other.gold
        )

    @property
    def precision(self) -> float:
        """correct / predicted, 0 without predictions."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """correct / gold, 0 without gold items."""
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0 if both are 0."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0
