from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.umie_client.samples import problem
from umie_client.errors import (
    ClientError,
    TimedOut,
    UnexpectedAnswer,
    Unreachable,
    error_for,
)
from umie_client.problem import Problem
from umie_client.retries import Retries

LARGEST = Retries(uniform=lambda low, high: high)
BROKEN = Unreachable("broken")


def said(status: int, retry_after_s: float | None = None) -> ClientError:
    return error_for(Problem(**problem(status, "a-word")), retry_after_s=retry_after_s)


def test_pauses_double_up_to_the_longest() -> None:
    pauses = [Retries(most=9, uniform=LARGEST.uniform).pause_s([BROKEN] * n) for n in range(1, 8)]
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_a_pause_is_drawn_from_nothing_to_its_largest() -> None:
    drawn: list[tuple[float, float]] = []
    Retries(uniform=lambda low, high: drawn.append((low, high)) or 0.0).pause_s([BROKEN] * 2)
    assert drawn == [(0.0, 1.0)]


def test_after_the_last_try_it_is_given_up() -> None:
    assert LARGEST.pause_s([BROKEN] * 4) is not None
    assert LARGEST.pause_s([BROKEN] * 5) is None
    assert Retries(most=0).pause_s([BROKEN]) is None


@pytest.mark.parametrize("status", [429, 502, 503])
def test_whoever_is_busy_is_asked_again(status: int) -> None:
    assert LARGEST.pause_s([said(status)]) == 0.5


@pytest.mark.parametrize("status", [400, 401, 404, 405, 408, 413, 415, 422, 431, 500, 501])
def test_what_would_be_answered_the_same_is_not_sent_again(status: int) -> None:
    assert LARGEST.pause_s([said(status, retry_after_s=1.0)]) is None


@pytest.mark.parametrize("error", [TimedOut("late"), UnexpectedAnswer("what?")])
def test_neither_is_what_no_try_can_mend(error: ClientError) -> None:
    assert LARGEST.pause_s([error]) is None


def test_the_services_own_deadline_is_tried_once_more() -> None:
    assert LARGEST.pause_s([said(504)]) is not None
    assert LARGEST.pause_s([said(504), said(504)]) is None
    assert LARGEST.pause_s([said(503), said(504)]) is not None
    assert LARGEST.pause_s([said(504), said(503), said(504)]) is None


def test_the_services_advice_is_followed_and_spread() -> None:
    assert LARGEST.pause_s([said(503, 7.0)]) == 7.5
    assert Retries(uniform=lambda low, high: low).pause_s([said(429, 3.0)]) == 3.0


def test_too_long_advice_is_a_no() -> None:
    assert LARGEST.pause_s([said(503, 60.0)]) is not None
    assert LARGEST.pause_s([said(503, 61.0)]) is None


@settings(max_examples=25)
@given(st.integers(1, 5000), st.floats(0, 60))
def test_no_pause_is_longer_than_advice_and_the_longest(tries: int, advice: float) -> None:
    pause = Retries(most=5000, uniform=LARGEST.uniform).pause_s([said(503, advice)] * tries)
    assert pause is not None and advice <= pause <= advice + 8.0
