from __future__ import annotations

from tasks.records import Asoc, Record, Region, Span
from tests.training.evaluation.test_spans import AGAIN, ANN, NASA, total
from training.evaluation.counts import Counts
from training.evaluation.events import arguments
from training.evaluation.spans import exactly


def event(*asocs: tuple[str, Span | Region], label: str = "meet") -> Record:
    return Record(label, None, tuple(Asoc(role, filler) for role, filler in asocs))


def test_arguments_count_by_event_type_role_and_place() -> None:
    given = exactly(arguments)
    gold = [event(("guest", ANN), ("scene", NASA), ("scene", Region(2)))]
    assert total(given, gold, gold) == Counts(3, 3, 3)
    assert total(given, [event(("guest", AGAIN), ("scene", NASA))], gold) == Counts(1, 2, 3)
    assert total(given, [event(("host", ANN))], gold) == Counts(0, 1, 3)
    assert total(given, [event(("guest", ANN), label="leave")], gold) == Counts(0, 1, 3)
    said = [event(("scene", Region(3)), ("scene", Region(2)))]
    assert total(given, said, gold) == Counts(1, 2, 3)
    assert total(given, [event(("guest", ANN), ("guest", ANN))], gold) == Counts(1, 2, 3)
    assert total(given, [event()], gold) == Counts(0, 0, 3)


def test_several_events_of_a_type_in_a_sentence() -> None:
    """End to end the trigger does not matter, so a shared argument counts once."""
    first = Record("attack", ANN, (Asoc("target", NASA),))
    second = Record("attack", AGAIN, (Asoc("target", NASA), Asoc("place", ANN)))
    end_to_end = exactly(arguments, distinct=True)
    assert total(end_to_end, [first], [first, second]) == Counts(1, 1, 2)
    assert total(end_to_end, [second], [first, second]) == Counts(2, 2, 2)
    assert total(end_to_end, [first, second], [first]) == Counts(1, 2, 1)
