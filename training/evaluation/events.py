"""What counts as correct where events' arguments are to be found (reference "tasks", section 3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasks.records import Record, Region
from training.evaluation.spans import Item, place_of


def arguments(records: Sequence[Record]) -> Iterator[Item]:
    """Event type, role, start and end, counted under the event's type.

    The trigger is not part of it: end to end, a role of a type and what fills it count once a
    sentence, however many events of that type it tells of.
    """
    for record in records:
        for asoc in record.asocs:
            filler = asoc.filler
            where = filler.name if isinstance(filler, Region) else place_of(filler)
            yield record.label or "", (asoc.label, where)
