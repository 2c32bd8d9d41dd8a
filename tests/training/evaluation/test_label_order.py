from __future__ import annotations

from training.evaluation.label_order import LabelOrder

LABELS = ("person", "location", "organization", "miscellaneous")


def test_orders() -> None:
    assert LabelOrder.INVENTORY.of(LABELS, "") == LABELS
    assert LabelOrder.REVERSED.of(LABELS, "") == LABELS[::-1]
    assert LabelOrder.ALPHABETICAL.of(LABELS, "") == tuple(sorted(LABELS))


def test_shuffled_is_another_for_every_text_and_always_the_same_for_one() -> None:
    orders = [LabelOrder.SHUFFLED.of(LABELS, f"text {k}") for k in range(20)]
    assert len(set(orders)) > 5 and all(sorted(o) == sorted(LABELS) for o in orders)
    assert orders == [LabelOrder.SHUFFLED.of(LABELS, f"text {k}") for k in range(20)]
