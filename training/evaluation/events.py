"""Scoring of event arguments (reference "tasks", section 3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasks.records import Record, Region
from training.evaluation.spans import Item, place_of


def arguments(records: Sequence[Record]) -> Iterator[Item]:
    """Event type, role, start and end, counted under the event's type.

    The trigger is not part of an item: end to end, a role of a type and its filler count once per
    sentence, even with several events of that type.
    """
    for record in records:
        for asoc in record.asocs:
            filler = asoc.filler
            where = filler.name if isinstance(filler, Region) else place_of(filler)
            yield record.label or "", (asoc.label, where)
