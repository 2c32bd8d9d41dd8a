"""The metrics of an evaluation task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from training.evaluation.calibration import Judge, Reliability
from training.evaluation.question import Prediction, Question
from training.evaluation.row import Row
from training.evaluation.spans import Scorer


@dataclass(frozen=True)
class Metric:
    """The title of an evaluation task and its scores by name.

    shares: the scores that are one share, an accuracy. judges: whose scores are looked at for
    calibration, by task.
    """

    title: str
    scores: Mapping[str, Scorer]
    shares: frozenset[str] = frozenset()
    judges: Mapping[str, Judge] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """Questions with what was said to them, and how that is marked."""

    metric: Metric
    questions: Sequence[Question]
    said: Sequence[Prediction]

    @property
    def unasked(self) -> int:
        """How many questions could not be put."""
        return sum(not said.asked for said in self.said)

    def rows(self) -> list[Row]:
        """The scores."""
        answered = list(zip(self.questions, self.said, strict=True))
        return [
            Row.of(
                name,
                [(question.unit, scorer(said, question)) for question, said in answered],
                share=name in self.metric.shares,
            )
            for name, scorer in self.metric.scores.items()
        ]

    def reliabilities(self) -> dict[str, Reliability]:
        """How the answers' own scores agree with what is right, by task."""
        found = {task: Reliability() for task in self.metric.judges}
        for task, judge in self.metric.judges.items():
            for question, said in zip(self.questions, self.said, strict=True):
                found[task].add(judge(said, question))
        return found
