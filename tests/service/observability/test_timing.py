from __future__ import annotations

from service.observability.timing import StageTimer


def test_stages_add_up_and_strangers_are_ignored() -> None:
    timer = StageTimer()
    timer.add({"queue": 1.5, "decode": 2.0, "lunch": 9.0})
    timer.add({"queue": 0.25})
    timing = timer.read()
    assert (timing.queue, timing.decode, timing.visual) == (1.75, 2.0, 0.0)
    assert timing.total >= 0.0


def test_the_callback_gets_every_stage() -> None:
    laps: list[dict[str, float]] = []
    timer = StageTimer(lambda timing: laps.append(dict(timing)))
    timer.add({"queue": 1.5})
    timer.add({"decode": 2.0})
    assert laps == [{"queue": 1.5}, {"decode": 2.0}]
