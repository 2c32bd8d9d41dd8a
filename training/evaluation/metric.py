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

    shares: the scores that are one share, an accuracy. judges: the answers whose scores
    are measured for calibration, by task.
    """

    title: str
    scores: Mapping[str, Scorer]
    shares: frozenset[str] = frozenset()
    judges: Mapping[str, Judge] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """Questions with their predictions, and the metric."""

    metric: Metric
    questions: Sequence[Question]
    predicted: Sequence[Prediction]

    @property
    def unasked(self) -> int:
        """The number of questions that could not be encoded."""
        return sum(not predicted.asked for predicted in self.predicted)

    def rows(self) -> list[Row]:
        """The scores."""
        answered = list(zip(self.questions, self.predicted, strict=True))
        return [
            Row.of(
                name,
                [(question.unit, scorer(predicted, question)) for question, predicted in answered],
                share=name in self.metric.shares,
            )
            for name, scorer in self.metric.scores.items()
        ]

    def reliabilities(self) -> dict[str, Reliability]:
        """The reliability of the answers' scores, by task."""
        found = {task: Reliability() for task in self.metric.judges}
        for task, judge in self.metric.judges.items():
            for question, predicted in zip(self.questions, self.predicted, strict=True):
                found[task].add(judge(predicted, question))
        return found
