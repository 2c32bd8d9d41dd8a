from __future__ import annotations

import pytest

from training.evaluation.counts import Counts


def test_each_gold_item_is_used_once() -> None:
    assert Counts.of(["a", "a", "b"], ["a", "c"]) == Counts(1, 3, 2)
    assert Counts.of(["a"], ["a", "a"]) == Counts(1, 1, 2)
    assert Counts.of(["a", "a"], ["a", "a"]) == Counts(2, 2, 2)


@pytest.mark.parametrize(
    ("counts", "precision", "recall", "f1"),
    [
        (Counts(), 0.0, 0.0, 0.0),
        (Counts(0, 3, 0), 0.0, 0.0, 0.0),
        (Counts(0, 0, 3), 0.0, 0.0, 0.0),
        (Counts(0, 2, 2), 0.0, 0.0, 0.0),
        (Counts(2, 2, 2), 1.0, 1.0, 1.0),
        (Counts(2, 4, 3), 0.5, 2 / 3, 4 / 7),
    ],
)
def test_precision_recall_and_f1(
    counts: Counts, precision: float, recall: float, f1: float
) -> None:
    assert counts.precision == precision
    assert counts.recall == pytest.approx(recall)
    assert counts.f1 == pytest.approx(f1)


def test_documents_add_up_before_anything_is_divided() -> None:
    total = sum([Counts(1, 1, 1), Counts(0, 3, 1), Counts(1, 1, 2)], Counts())
    assert total == Counts(2, 5, 4)
    assert total.f1 == pytest.approx(4 / 9)
