from __future__ import annotations

import json

from training.evaluation.counts import Counts
from training.evaluation.row import Row

ROW = Row.of(
    "entities",
    [
        ("one", {"person": Counts(2, 2, 2)}),
        ("two", {"person": Counts(0, 1, 0), "place": Counts(0, 0, 1)}),
        ("one", {"place": Counts(0, 1, 3)}),
        ("three", {}),
    ],
)


def test_counts_add_up_before_anything_is_divided() -> None:
    assert (ROW.precision, ROW.recall, ROW.f1) == (50.0, 33.33, 40.0)
    assert (ROW.correct, ROW.predicted, ROW.gold) == (2, 4, 6)
    assert 0 <= ROW.low <= ROW.f1 <= ROW.high <= 100


def test_types_are_in_falling_number_of_gold_items() -> None:
    person, place = ROW.types[1], ROW.types[0]
    assert (person.score, person.precision, person.recall, person.f1) == ("person", 66.67, 100, 80)
    assert (place.score, place.correct, place.predicted, place.gold) == ("place", 0, 1, 4)
    assert Row.of("pairs", [("one", {"": Counts(1, 1, 1)})]).types == ()


def test_questions_of_one_text_are_resampled_together() -> None:
    counted = [("a", {"": Counts(1, 1, 1)}), ("b", {"": Counts(0, 1, 1)})] * 20
    apart = [(f"{unit}{k}", counts) for k, (unit, counts) in enumerate(counted)]
    assert (Row.of("x", counted).low, Row.of("x", counted).high) == (0.0, 100.0)
    assert Row.of("x", apart).low > 30 and Row.of("x", apart).high < 70


def test_rows_survive_json() -> None:
    values = json.loads(json.dumps(ROW.to_json()))
    assert Row.from_json(values) == ROW
    assert "low" not in values["types"][0]
