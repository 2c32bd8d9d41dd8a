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


def _complete(limit: ConcurrencyLimit, clock: _Clock, requests: int, every_s: float) -> None:
    for _ in range(requests):
        with limit.enter():
            clock.now += every_s


def test_slots_are_released() -> None:
    limit = ConcurrencyLimit(2)
    with limit.enter(), limit.enter():
        with pytest.raises(QueueFull):
            limit.enter().__enter__()
        assert limit.in_flight == 2
    assert limit.in_flight == 0
    with pytest.raises(RuntimeError), limit.enter():
        raise RuntimeError
    assert limit.in_flight == 0


def test_without_recent_requests_the_default_is_returned() -> None:
    clock = _Clock()
    limit = ConcurrencyLimit(9, clock)
    assert limit.retry_after_s(5) == 5
    _complete(limit, clock, 3, 0.1)
    clock.now += 60
    assert limit.retry_after_s(5) == 5


@pytest.mark.parametrize(
    ("waiting", "every_s", "seconds"), [(1, 0.1, 1), (20, 0.5, 10), (9, 0.25, 3), (500, 0.5, 30)]
)
def test_the_estimate_follows_the_recent_throughput(
    waiting: int, every_s: float, seconds: int
) -> None:
    clock = _Clock()
    limit = ConcurrencyLimit(1000, clock)
    _complete(limit, clock, 21, every_s)
    with ExitStack() as inside:
        for _ in range(waiting):
            inside.enter_context(limit.enter())
        assert limit.retry_after_s(1) == pytest.approx(seconds, abs=1)


def test_failures_do_not_count_as_throughput() -> None:
    clock = _Clock()
    limit = ConcurrencyLimit(9, clock)
    for _ in range(5):
        with pytest.raises(QueueFull), limit.enter():
            raise QueueFull("full")
    assert limit.retry_after_s(7) == 7
