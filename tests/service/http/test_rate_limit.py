from __future__ import annotations

import pytest

from service.http.rate_limit import TokenBucket


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_full_bucket_is_a_minutes_worth() -> None:
    bucket = TokenBucket(3, _Clock())
    assert [bucket.take() for _ in range(3)] == [0, 0, 0]
    assert bucket.take() == pytest.approx(20.0)


def test_it_fills_evenly_and_never_over() -> None:
    clock = _Clock()
    bucket = TokenBucket(60, clock)
    while not bucket.take():
        pass
    clock.now += 0.75
    assert bucket.take() == pytest.approx(0.25)
    clock.now += 0.25
    assert bucket.take() == 0
    clock.now += 10_000
    assert sum(bucket.take() == 0 for _ in range(100)) == 60
