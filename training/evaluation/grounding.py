"""Scoring of grounded entities: GMNER, FMNERG, EEG.

Reference "tasks", section 3. An entity that the picture does not show is correct without a region;
one that it shows is correct with a region whose IoU with any of its boxes is >= 0.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tasks.document import Box
from tasks.records import Record, Region
from training.evaluation.boxes import Corners, Rule, overlapping
from training.evaluation.counts import Counts
from training.evaluation.question import Prediction, Question
from training.evaluation.spans import Item, place_of

_UNKNOWN: Corners = ()
"""The box of a region that the evaluator did not return: no box, so it is wrong."""


@dataclass(frozen=True)
class Grounded:
    """Scores entities by their regions.

    typed: span, type and region (GMNER); otherwise span and region (EEG). groundable: only entities
    that the picture shows, of predictions only those with a region. parents: the coarser type of
    each type. rule: when a box is correct.
    """

    typed: bool = True
    groundable: bool = False
    parents: Mapping[str, str] = field(default_factory=dict)
    rule: Rule = overlapping

    def __call__(self, predicted: Prediction, question: Question) -> Mapping[str, Counts]:
        """Counts by type. Each gold entity is matched at most once."""
        gold: list[tuple[Item, Sequence[Box]]] = [
            (self._item(record), boxes)
            for record, boxes in zip(question.example.records, question.boxes, strict=True)
            if boxes or not self.groundable
        ]
        ours = [
            (self._item(record), region_of(record, predicted.boxes))
            for record in predicted.records
            if record.span is not None
        ]
        ours = [row for row in ours if row[1] is not None or not self.groundable]
        found = {item[0]: Counts() for item, _ in [*gold, *ours]}
        for item, _ in gold:
            found[item[0]] += Counts(gold=1)
        for item, region in ours:
            right = self._take(item, region, gold)
            found[item[0]] += Counts(correct=int(right), predicted=1)
        return found

    def _item(self, record: Record) -> Item:
        assert record.span is not None
        kind = record.label or ""
        return self.parents.get(kind, kind) if self.typed else "", place_of(record.span)

    def _take(
        self, item: Item, region: Corners | None, gold: list[tuple[Item, Sequence[Box]]]
    ) -> bool:
        for place, (wanted, boxes) in enumerate(gold):
            seen = not boxes if region is None else self.rule(region, boxes)
            if wanted == item and seen:
                del gold[place]
                return True
        return False


def region_of(record: Record, boxes: Mapping[int, Box]) -> Corners | None:
    """The box of the first region of an entity; None if it has none."""
    for asoc in record.asocs:
        if isinstance(asoc.filler, Region):
            return boxes.get(asoc.filler.index, _UNKNOWN)
    return None
