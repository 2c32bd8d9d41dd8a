"""Calibration of scores: expected calibration error and reliability table.

The score of an answer should be the probability that it is correct. Answers are put into ten bins
of equal width by score; the error is the mean difference of a bin's accuracy and its mean score,
weighted by the number of answers (Naeini et al., 2015; Guo et al., 2017).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tasks.records import Region
from training.evaluation.boxes import overlapping
from training.evaluation.events import arguments
from training.evaluation.grounding import region_of
from training.evaluation.question import Prediction, Question
from training.evaluation.spans import Item, typed

BINS = 10

Judged = Iterable[tuple[float, bool]]
"""The score of every answer, and whether it is correct."""

Judge = Callable[[Prediction, Question], Judged]


@dataclass
class Reliability:
    """Answers by bin of their score; can be added over corpora.

    Lists of `BINS` entries: number of answers, sum of their scores, number of correct ones.
    """

    answers: list[int] = field(default_factory=lambda: [0] * BINS)
    scores: list[float] = field(default_factory=lambda: [0.0] * BINS)
    right: list[int] = field(default_factory=lambda: [0] * BINS)

    def add(self, judged: Judged) -> None:
        """Count answers; a score on the edge of two bins belongs to the upper one."""
        for score, right in judged:
            place = min(int(score * BINS), BINS - 1)
            self.answers[place] += 1
            self.scores[place] += score
            self.right[place] += right

    def __add__(self, other: Reliability) -> Reliability:
        return Reliability(
            [a + b for a, b in zip(self.answers, other.answers, strict=True)],
            [a + b for a, b in zip(self.scores, other.scores, strict=True)],
            [a + b for a, b in zip(self.right, other.right, strict=True)],
        )

    @property
    def error(self) -> float:
        """The expected calibration error in 0..1; 0 without answers."""
        total = sum(self.answers)
        apart = (abs(s - r) for s, r in zip(self.scores, self.right, strict=True))
        return sum(apart) / total if total else 0.0

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Reliability:
        """The value that `to_json` returned."""
        return cls(values["answers"], values["scores"], values["right"])

    def to_json(self) -> dict[str, Any]:
        """The values for JSON."""
        scores = [round(score, 4) for score in self.scores]
        return {"answers": self.answers, "scores": scores, "right": self.right}


def spots(predicted: Prediction, question: Question) -> Judged:
    """Typed spans: entities and triggers."""
    ours = [record for record in predicted.records if record.span is not None]
    rights = _right(typed(ours), typed(question.example.records))
    return zip((record.score for record in ours), rights, strict=True)


def pairs(predicted: Prediction, question: Question) -> Judged:
    """The label of a given pair, none included."""
    gold = [asoc.label for record in question.example.records for asoc in record.asocs]
    for record in predicted.records:
        for asoc in record.asocs:
            yield asoc.score, asoc.label in gold


def fillers(predicted: Prediction, question: Question) -> Judged:
    """Arguments of events."""
    scores = (asoc.score for record in predicted.records for asoc in record.asocs)
    rights = _right(arguments(predicted.records), arguments(question.example.records))
    return zip(scores, rights, strict=True)


def regions(predicted: Prediction, question: Question) -> Judged:
    """The regions of entities with correct span and type."""
    records = question.example.records
    gold = dict(zip(typed(records), question.boxes, strict=True))
    for record in predicted.records:
        item = next(typed([record]), None)
        region = region_of(record, predicted.boxes)
        if item in gold and region is not None:
            score = next(a.score for a in record.asocs if isinstance(a.filler, Region))
            yield score, overlapping(region, gold[item])


def _right(predicted: Iterable[Item], gold: Iterable[Item]) -> Iterator[bool]:
    """Whether each item is correct; each gold item is matched at most once."""
    left = Counter(gold)
    for item in predicted:
        yield left[item] > 0
        left[item] -= 1
