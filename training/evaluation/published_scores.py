"""Scores as the published evaluation computes them (reference section 9).

They compare strings, not offsets, and one prediction matches a repeated gold item twice, so
they are separate from `training.evaluation.protocols`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tasks.ontology import NONE
from training.evaluation.published_parser import Item, ParsedTarget


@dataclass(frozen=True, slots=True)
class PublishedScore:
    """Counts, and percentages with the intermediate rounding of the published code."""

    tp: int
    fp: int
    fn: int

    @property
    def precision(self) -> float:
        """Percent of the predictions."""
        return 100 * self._precision

    @property
    def recall(self) -> float:
        """Percent of the gold items."""
        return 100 * self._recall

    @property
    def f1(self) -> float:
        """The harmonic mean, in percent."""
        p, r = self._precision, self._recall
        return 100 * round(2 * p * r / (p + r), 4) if p + r else 0.0

    @property
    def _precision(self) -> float:
        return round(self.tp / (self.tp + self.fp), 4) if self.tp + self.fp else 0.0

    @property
    def _recall(self) -> float:
        return round(self.tp / (self.tp + self.fn), 4) if self.tp + self.fn else 0.0


@dataclass(frozen=True, slots=True)
class PublishedScores:
    """Scores of spots and of asocs."""

    spots: PublishedScore
    asocs: PublishedScore

    @property
    def overall_f1(self) -> float:
        """The two F1 added, at most 200: the published "overall"."""
        return self.spots.f1 + self.asocs.f1


def score_published(
    gold: Sequence[ParsedTarget], predicted: Sequence[ParsedTarget]
) -> PublishedScores:
    """Scores of predictions and gold items, by sample."""
    return PublishedScores(
        _score((g.spots, p.spots) for g, p in zip(gold, predicted, strict=True)),
        _score((g.asocs, p.asocs) for g, p in zip(gold, predicted, strict=True)),
    )


def score_two_stages(
    triggers: tuple[Sequence[ParsedTarget], Sequence[ParsedTarget]],
    arguments: tuple[Sequence[ParsedTarget], Sequence[ParsedTarget]],
) -> PublishedScores:
    """Scores of triggers and of arguments that were decoded separately.

    Args:
        triggers, arguments: gold and predictions of each. A predicted argument counts as one of the
            first predicted trigger's type, whatever type it was decoded with.
    """
    predicted = []
    for trigger, argument in zip(triggers[1], arguments[1], strict=True):
        name = trigger.spots[0][0] if trigger.spots else NONE
        predicted.append(tuple((name, *item[1:]) for item in argument.asocs))
    return PublishedScores(
        score_published(*triggers).spots,
        _score(zip([gold.asocs for gold in arguments[0]], predicted, strict=True)),
    )


def _score(samples: Iterable[tuple[Sequence[Item], Sequence[Item]]]) -> PublishedScore:
    tp = fp = fn = 0
    for gold, predicted in samples:
        open_gold = list(gold)
        for item in predicted:
            if item in open_gold:
                open_gold.remove(item)
                tp += 1
            else:
                fp += 1
        fn += sum(item not in predicted for item in gold)
    return PublishedScore(tp, fp, fn)
