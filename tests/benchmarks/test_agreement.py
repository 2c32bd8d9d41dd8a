from __future__ import annotations

import copy
from typing import Any

import pytest

from benchmarks.agreement import differences

ANSWER: dict[str, Any] = {
    "image": {"width": 64, "height": 48},
    "regions": [{"id": "O1", "label": "people", "score": 0.5, "box": [0.0, 1.0, 10.0, 20.0]}],
    "entities": [{"id": 0, "text": "Bob", "start": 0, "end": 3, "type": "person", "score": 0.9}],
    "relations": [],
    "gate": {"entities": 0.25, "relations": None, "events": None},
    "model": "tiny",
    "timing_ms": {"total": 12.0},
}


def changed(path: list[Any], value: Any) -> dict[str, Any]:
    answer = copy.deepcopy(ANSWER)
    place = answer
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return answer


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["entities", 0, "score"], 0.9009),
        (["regions", 0, "box", 3], 20.1),
        (["gate", "entities"], 0.2505),
        (["model"], "tiny@1"),
        (["timing_ms", "total"], 99.0),
    ],
)
def test_rounding_names_and_times_are_no_difference(path: list[Any], value: Any) -> None:
    assert list(differences(ANSWER, changed(path, value))) == []


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (["entities", 0, "score"], 0.902, "entities[0].score: 0.9 and 0.902"),
        (["entities", 0, "start"], 1, "entities[0].start: 0 and 1"),
        (["entities", 0, "type"], "place", "entities[0].type: person and place"),
        (["regions", 0, "box", 3], 21.0, "regions[0].box[3]: 20 and 21"),
        (["gate", "relations"], 0.5, "gate.relations: None and 0.5"),
        (["image"], None, "image: {'width': 64, 'height': 48} and None"),
    ],
)
def test_differences_have_their_path(path: list[Any], value: Any, told: str) -> None:
    assert list(differences(ANSWER, changed(path, value))) == [told]


def test_another_number_of_items_is_one_difference() -> None:
    assert len(list(differences(ANSWER, changed(["entities"], [])))) == 1
