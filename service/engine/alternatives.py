"""The next likely labels of records, from the probabilities of their label decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tasks.records import Alternative, Record

_DECIMALS = 6
"""Probabilities that are equal up to here are in the order of the labels in every batch."""


def with_alternatives(
    records: Sequence[Record],
    decisions: Sequence[Sequence[float]],
    labels: Sequence[str],
    most: int,
) -> tuple[Record, ...]:
    """Return the records with their next likely labels, the likeliest first.

    Args:
        records: the records of an answer, in its order.
        decisions: for each record the probability of each label; without any, the records stay as
            they are, since there was only one label. An unfinished item may have one more.
        labels: the labels that each decision was among, in its order.
        most: the most alternatives of a record.
    """
    if not decisions:
        return tuple(records)
    return tuple(
        replace(record, alternatives=_likeliest(record.label, decision, labels)[:most])
        for record, decision in zip(records, decisions, strict=False)
    )


def _likeliest(
    chosen: str | None, decision: Sequence[float], labels: Sequence[str]
) -> tuple[Alternative, ...]:
    others = [
        Alternative(label, score)
        for label, score in zip(labels, decision, strict=True)
        if label != chosen
    ]
    return tuple(sorted(others, key=lambda other: -round(other.score, _DECIMALS)))
