"""Micro-averaged precision, recall and F1, with the counts that they come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """How many answers were correct, given, and wanted; adds up over documents."""

    correct: int = 0
    predicted: int = 0
    gold: int = 0

    @classmethod
    def of(cls, predicted: Iterable[Hashable], gold: Iterable[Hashable]) -> Counts:
        """Exact matches; each gold item is used at most once."""
        said, wanted = Counter(predicted), Counter(gold)
        return cls((said & wanted).total(), said.total(), wanted.total())

    @classmethod
    def share(cls, right: int, of: int) -> Counts:
        """A share of a number, such as an accuracy: precision, recall and F1 are all that share."""
        return cls(right, of, of)

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.correct + other.correct, self.predicted + other.predicted, self.gold + other.gold
        )

    @property
    def precision(self) -> float:
        """correct / predicted, 0 where nothing was predicted."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """correct / gold, 0 where there is no gold."""
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0 where both are."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0
