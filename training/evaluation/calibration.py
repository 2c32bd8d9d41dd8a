"""Whether scores mean what they say: expected calibration error and reliability table.

An answer's score should be the chance that it is right. Answers are put into ten bins of equal
width by their score; the error is the mean distance of a bin's accuracy from its mean score,
weighted by the bin's answers (Naeini et al., 2015; Guo et al., 2017).
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
"""The score of every answer, and whether it is right."""

Judge = Callable[[Prediction, Question], Judged]


@dataclass
class Reliability:
    """Answers by bin of their score; adds up over corpora.

    Lists of `BINS` entries: how many answers, the sum of their scores, how many are right.
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
        """What `to_json` gave."""
        return cls(values["answers"], values["scores"], values["right"])

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        scores = [round(score, 4) for score in self.scores]
        return {"answers": self.answers, "scores": scores, "right": self.right}


def spots(said: Prediction, question: Question) -> Judged:
    """Typed spans: entities and triggers."""
    ours = [record for record in said.records if record.span is not None]
    rights = _right(typed(ours), typed(question.example.records))
    return zip((record.score for record in ours), rights, strict=True)


def pairs(said: Prediction, question: Question) -> Judged:
    """The label of a given pair, none included."""
    gold = [asoc.label for record in question.example.records for asoc in record.asocs]
    for record in said.records:
        for asoc in record.asocs:
            yield asoc.score, asoc.label in gold


def fillers(said: Prediction, question: Question) -> Judged:
    """Arguments of events."""
    scores = (asoc.score for record in said.records for asoc in record.asocs)
    rights = _right(arguments(said.records), arguments(question.example.records))
    return zip(scores, rights, strict=True)


def regions(said: Prediction, question: Question) -> Judged:
    """The regions of entities whose span and type are right."""
    records = question.example.records
    gold = dict(zip(typed(records), question.boxes, strict=True))
    for record in said.records:
        item = next(typed([record]), None)
        region = region_of(record, said.boxes)
        if item in gold and region is not None:
            score = next(a.score for a in record.asocs if isinstance(a.filler, Region))
            yield score, overlapping(region, gold[item])


def _right(said: Iterable[Item], gold: Iterable[Item]) -> Iterator[bool]:
    """Whether each item is right; each gold item is used at most once."""
    left = Counter(gold)
    for item in said:
        yield left[item] > 0
        left[item] -= 1
