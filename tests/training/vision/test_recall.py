from __future__ import annotations

import pytest
import torch

from models.region_head import Regions
from training.vision.recall import PEOPLE, average_precision, region_scores

LEFT, RIGHT = [0.0, 0.0, 0.5, 1.0], [0.5, 0.0, 1.0, 1.0]
TYPES = torch.zeros(2, 8)
TYPES[0, PEOPLE] = 1
TYPES[1, PEOPLE + 1] = 1


def regions(*rows: tuple[list[float], int, float]) -> Regions:
    boxes, labels, scores = zip(*rows, strict=True)
    return Regions(torch.tensor(boxes), torch.tensor(labels), torch.tensor(scores))


def test_any_label_counts_for_recall_but_not_for_precision() -> None:
    found = regions((LEFT, PEOPLE + 1, 0.9), ([0.0] * 4, 0, 0.0))
    scores = region_scores([found], [torch.tensor([LEFT, RIGHT])], [TYPES])
    assert scores.recall_all == pytest.approx(0.5)
    assert scores.recall_people == pytest.approx(1.0)
    assert scores.ap_people == 0


def test_places_without_a_region_cover_nothing() -> None:
    found = regions((LEFT, PEOPLE, 0.0), (RIGHT, 0, 0.0))
    scores = region_scores([found], [torch.tensor([LEFT, RIGHT])], [TYPES])
    assert scores.recall_all == 0


def test_a_second_box_on_the_same_person_is_a_false_alarm() -> None:
    found = regions((LEFT, PEOPLE, 0.9), (LEFT, PEOPLE, 0.8), (RIGHT, PEOPLE, 0.7))
    people = torch.zeros(2, 8)
    people[:, PEOPLE] = 1
    value = average_precision([found], [torch.tensor([LEFT, RIGHT])], [people], PEOPLE)
    assert value == pytest.approx(0.5 + 0.5 * 2 / 3)
