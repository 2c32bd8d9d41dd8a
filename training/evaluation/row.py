"""A row of the table of scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from training.evaluation.bootstrap import f1_interval
from training.evaluation.counts import Counts

Scored = Iterable[tuple[str, Mapping[str, Counts]]]
"""The bootstrap unit of every question, and its counts by type."""


@dataclass(frozen=True, slots=True)
class Row:
    """A score in percent with its counts.

    low and high are the interval of F1 (bootstrap over documents). share: precision, recall and F1
    are equal, an accuracy or a recall. types: the rows of the types if there are several, in
    descending number of gold items, without intervals.
    """

    score: str
    precision: float
    recall: float
    f1: float
    correct: int
    predicted: int
    gold: int
    low: float = 0.0
    high: float = 0.0
    share: bool = False
    types: tuple[Row, ...] = ()

    @classmethod
    def of(cls, score: str, counted: Scored, *, share: bool = False) -> Row:
        """Compute the row of a score from the counts of every question."""
        units: dict[str, Counts] = {}
        types: dict[str, Counts] = {}
        for unit, counts in counted:
            for kind, one in counts.items():
                types[kind] = types.get(kind, Counts()) + one
            units[unit] = sum(counts.values(), units.get(unit, Counts()))
        total = sum(types.values(), Counts())
        low, high = f1_interval(list(units.values()))
        ordered = sorted(types, key=lambda kind: (-types[kind].gold, -types[kind].predicted, kind))
        parts = tuple(cls(kind, *_numbers(types[kind])) for kind in ordered)
        return cls(
            score,
            *_numbers(total),
            low=percent(low),
            high=percent(high),
            share=share,
            types=parts if len(parts) > 1 else (),
        )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Row:
        """The row that `to_json` returned."""
        return cls(**{**values, "types": tuple(map(cls.from_json, values.get("types", ())))})

    def to_json(self) -> dict[str, Any]:
        """The values for JSON; rows of types have only their numbers."""
        values = asdict(self)
        short = ("score", "precision", "recall", "f1", "correct", "predicted", "gold")
        return {**values, "types": [{key: row[key] for key in short} for row in values["types"]]}


def percent(share: float) -> float:
    """A share in percent, to two digits."""
    return round(100 * share, 2)


def _numbers(counts: Counts) -> tuple[float, float, float, int, int, int]:
    shares = (percent(counts.precision), percent(counts.recall), percent(counts.f1))
    return *shares, counts.correct, counts.predicted, counts.gold
