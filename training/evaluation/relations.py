"""Scoring of relations.

Reference "tasks", section 3: MRE classifies a given pair; JMERE extracts
quintuples (head, its type, relation, tail, its type) and compares them as sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tasks.ontology import NONE
from tasks.records import Record, Region
from training.evaluation.counts import Counts
from training.evaluation.question import Prediction, Question
from training.evaluation.spans import Item, Items, place_of


def labels(records: Sequence[Record]) -> Iterator[Item]:
    """The labels of a given pair other than none.

    Two codes with the same label ("alternate names" of persons and of organizations) need no
    distinction: for a given pair only one of them can be correct.
    """
    for record in records:
        yield from ((asoc.label, ()) for asoc in record.asocs if asoc.label != NONE)


def accuracy(predicted: Prediction, question: Question) -> Mapping[str, Counts]:
    """Whether the label of a given pair is correct, including none."""
    ours = [asoc.label for record in predicted.records for asoc in record.asocs]
    gold = [asoc.label for record in question.example.records for asoc in record.asocs]
    return {"": Counts.share(int(ours == gold), 1)}


def quintuples(*, directed: bool = True, typed: bool = True) -> Items:
    """Both spans, the relation and, `typed`, both types; not `directed`, head and tail may swap.

    Without types these are the "boundaries" of joint extraction, with them it is "strict". A tail
    that is not a predicted entity has no type.
    """

    def items(records: Sequence[Record]) -> Iterator[Item]:
        types = {place_of(r.span): r.label for r in records if r.span is not None}
        for record in records:
            for asoc in record.asocs:
                if record.span is None or isinstance(asoc.filler, Region):
                    continue
                places = place_of(record.span), place_of(asoc.filler)
                kinds = (record.label, types.get(places[1])) if typed else ("", "")
                ends = tuple(zip(places, kinds, strict=True))
                yield asoc.label, ends if directed else frozenset(ends)

    return items
