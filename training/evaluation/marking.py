"""How the answers to an exam are marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from training.evaluation.calibration import Judge, Reliability
from training.evaluation.question import Question, Said
from training.evaluation.row import Row
from training.evaluation.spans import Scorer


@dataclass(frozen=True)
class Marking:
    """An exam's title and its scores by name.

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

    marking: Marking
    questions: Sequence[Question]
    said: Sequence[Said]

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
                share=name in self.marking.shares,
            )
            for name, scorer in self.marking.scores.items()
        ]

    def reliabilities(self) -> dict[str, Reliability]:
        """How the answers' own scores agree with what is right, by task."""
        found = {task: Reliability() for task in self.marking.judges}
        for task, judge in self.marking.judges.items():
            for question, said in zip(self.questions, self.said, strict=True):
                found[task].add(judge(said, question))
        return found
