from __future__ import annotations

import torch

from training.vision.targets import assign_cells


def test_cells_near_the_centre_and_inside_are_positive() -> None:
    boxes = torch.tensor([[[0.0, 0.0, 1.0, 1.0]]])
    positive, _ = assign_cells(boxes, torch.tensor([[[0.0, 1.0]]]), 8, 8)
    assert not positive[0, 0].any()
    expected = torch.zeros(8, 8, dtype=torch.bool)
    expected[3:5, 3:5] = True
    assert torch.equal(positive[0, 1], expected)


def test_a_box_smaller_than_a_cell_gets_the_cell_of_its_centre() -> None:
    boxes = torch.tensor([[[0.01, 0.52, 0.03, 0.55]]])
    positive, _ = assign_cells(boxes, torch.ones(1, 1, 1), 8, 8)
    assert positive.nonzero().tolist() == [[0, 0, 4, 0]]


def test_the_smallest_box_of_a_type_wins_and_types_do_not_compete() -> None:
    boxes = torch.tensor([[[0.0, 0.0, 1.0, 1.0], [0.25, 0.25, 0.75, 0.75], [0.4, 0.4, 0.6, 0.6]]])
    types = torch.tensor([[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]])
    positive, box = assign_cells(boxes, types, 8, 8)
    assert (box[0, 0][positive[0, 0]] == 1).all()
    assert (box[0, 1][positive[0, 1]] == 2).all()


def test_padding_is_assigned_to_no_cell() -> None:
    positive, _ = assign_cells(torch.zeros(2, 3, 4), torch.ones(2, 3, 4), 4, 4)
    assert not positive.any()
