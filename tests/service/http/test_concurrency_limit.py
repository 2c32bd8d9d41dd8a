from __future__ import annotations

from contextlib import ExitStack

import pytest

from service.http.concurrency_limit import ConcurrencyLimit
from tasks.errors import QueueFull


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _leave(admission: ConcurrencyLimit, clock: _Clock, requests: int, every_s: float) -> None:
    for _ in range(requests):
        with admission.enter():
            clock.now += every_s


def test_places_are_given_back() -> None:
    admission = ConcurrencyLimit(2)
    with admission.enter(), admission.enter():
        with pytest.raises(QueueFull):
            admission.enter().__enter__()
        assert admission.inside == 2
    assert admission.inside == 0
    with pytest.raises(RuntimeError), admission.enter():
        raise RuntimeError
    assert admission.inside == 0


def test_without_a_pace_the_usual_is_said() -> None:
    clock = _Clock()
    admission = ConcurrencyLimit(9, clock)
    assert admission.retry_after_s(5) == 5
    _leave(admission, clock, 3, 0.1)
    clock.now += 60
    assert admission.retry_after_s(5) == 5


@pytest.mark.parametrize(
    ("waiting", "every_s", "said"), [(1, 0.1, 1), (20, 0.5, 10), (9, 0.25, 3), (500, 0.5, 30)]
)
def test_the_measured_pace_says_when_those_inside_have_left(
    waiting: int, every_s: float, said: int
) -> None:
    clock = _Clock()
    admission = ConcurrencyLimit(1000, clock)
    _leave(admission, clock, 21, every_s)
    with ExitStack() as inside:
        for _ in range(waiting):
            inside.enter_context(admission.enter())
        assert admission.retry_after_s(1) == pytest.approx(said, abs=1)


def test_failures_do_not_make_a_pace() -> None:
    clock = _Clock()
    admission = ConcurrencyLimit(9, clock)
    for _ in range(5):
        with pytest.raises(QueueFull), admission.enter():
            raise QueueFull("full")
    assert admission.retry_after_s(7) == 7
