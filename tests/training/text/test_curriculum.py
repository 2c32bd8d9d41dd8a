from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from tests.training.text.test_example import GROUNDED, PAIR
from training.text.curriculum import Together
from training.text.example import Example


class Drawn:
    """One example, weighted by chance."""

    def __init__(self, example: Example) -> None:
        self.example = example

    def epoch(self, generator: random.Random) -> Iterator[Example]:
        yield replace(self.example, weight=generator.random())


def test_an_epoch_of_several_is_one_of_each() -> None:
    both = Together([Drawn(GROUNDED), Drawn(PAIR)])
    first, second = both.epoch(random.Random(1))
    assert (first.form, second.form) == (GROUNDED.form, PAIR.form)
    assert first.weight != second.weight
    assert list(both.epoch(random.Random(1))) == [first, second]
    assert list(Together([]).epoch(random.Random(1))) == []
