from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation.bootstrap import f1_interval
from training.evaluation.counts import Counts


def test_documents_that_are_alike_leave_no_doubt() -> None:
    assert f1_interval([Counts(1, 2, 2)] * 9) == pytest.approx((0.5, 0.5))
    assert f1_interval([Counts()] * 3) == (0.0, 0.0)
    assert f1_interval([]) == (0.0, 0.0)


def test_two_documents_of_which_one_is_right() -> None:
    """Both, one or none of the draws is the right one: F1 is 1, 1/2 or 0, each often enough."""
    assert f1_interval([Counts(1, 1, 1), Counts(0, 1, 1)]) == (0.0, 1.0)


def test_it_is_the_same_every_time() -> None:
    generator = random.Random(3)
    documents = [Counts(generator.randint(0, 2), 3, 3) for _ in range(50)]
    assert f1_interval(documents) == f1_interval(list(documents))


def test_more_documents_leave_less_doubt() -> None:
    few = [Counts(1, 1, 1), Counts(0, 1, 1)] * 10
    low, high = f1_interval(few)
    lower, higher = f1_interval(few * 25)
    assert low < lower < 0.5 < higher < high
    # about 1.96 standard errors of a share of a half
    assert high - low == pytest.approx(2 * 1.96 * (0.25 / 20) ** 0.5, rel=0.15)
    assert higher - lower == pytest.approx(2 * 1.96 * (0.25 / 500) ** 0.5, rel=0.15)


@given(st.lists(st.tuples(*[st.integers(0, 5)] * 3), min_size=1, max_size=20))
def test_the_bounds_are_f1s(rows: list[tuple[int, int, int]]) -> None:
    documents = [Counts(c, c + p, c + g) for c, p, g in rows]
    low, high = f1_interval(documents)
    assert 0 <= low <= high <= 1
    best = max((d.f1 for d in documents), default=0.0)
    assert high <= best + 1e-6
