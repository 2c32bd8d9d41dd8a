"""Whether an answer may name regions: not where the gate kept the picture out of its text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from service.engine.interface import Answer
from tasks.records import Record, Region


def shown_gate(gate: float) -> float:
    """A gate as answers tell it: four digits, and never below zero, nor a negative zero."""
    return max(0.0, round(gate, 4))


def grounded_records(answers: Iterable[Answer]) -> list[Record]:
    """The answers' records, without regions where the gate decides and is shown as zero."""
    return [
        record if shown_gate(answer.gate) or not answer.gated else _without_regions(record)
        for answer in answers
        for record in answer.records
    ]


def _without_regions(record: Record) -> Record:
    asocs = tuple(asoc for asoc in record.asocs if not isinstance(asoc.filler, Region))
    return replace(record, asocs=asocs)
