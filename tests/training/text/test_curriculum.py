from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from tests.training.text.test_exercise import GROUNDED, PAIR
from training.text.curriculum import Together
from training.text.exercise import Exercise


class Drawn:
    """One exercise, weighted by chance."""

    def __init__(self, exercise: Exercise) -> None:
        self.exercise = exercise

    def epoch(self, generator: random.Random) -> Iterator[Exercise]:
        yield replace(self.exercise, weight=generator.random())


def test_an_epoch_of_several_is_one_of_each() -> None:
    both = Together([Drawn(GROUNDED), Drawn(PAIR)])
    first, second = both.epoch(random.Random(1))
    assert (first.form, second.form) == (GROUNDED.form, PAIR.form)
    assert first.weight != second.weight
    assert list(both.epoch(random.Random(1))) == [first, second]
    assert list(Together([]).epoch(random.Random(1))) == []
