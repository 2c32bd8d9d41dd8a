from __future__ import annotations

import torch

from training.vision.augment import augment, colours, crop, crop_boxes, jitter_boxes

WHOLE = (torch.zeros(1, 2), torch.ones(1, 2))
NO_FLIP, FLIP = torch.tensor([False]), torch.tensor([True])


def test_the_whole_window_changes_nothing() -> None:
    pixels = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(crop(pixels, *WHOLE, NO_FLIP, 16), pixels, rtol=1e-4, atol=1e-4)
    boxes = torch.tensor([[[0.1, 0.2, 0.5, 0.9]]])
    torch.testing.assert_close(crop_boxes(boxes, *WHOLE, NO_FLIP), boxes)


def test_a_flip_mirrors_picture_and_boxes() -> None:
    pixels = torch.rand(1, 3, 16, 16)
    flipped = crop(pixels, *WHOLE, FLIP, 16)
    torch.testing.assert_close(flipped, pixels.flip(-1), rtol=1e-4, atol=1e-4)
    boxes = crop_boxes(torch.tensor([[[0.1, 0.2, 0.5, 0.9]]]), *WHOLE, FLIP)
    torch.testing.assert_close(boxes, torch.tensor([[[0.5, 0.2, 0.9, 0.9]]]))


def test_a_crop_moves_a_bright_square_and_its_box_alike() -> None:
    pixels = torch.zeros(1, 3, 64, 64)
    pixels[:, :, 24:40, 32:48] = 1
    boxes = torch.tensor([[[0.5, 0.375, 0.75, 0.625]]])
    window = (torch.tensor([[0.25, 0.125]]), torch.tensor([[0.75, 0.75]]))
    seen = crop(pixels, *window, FLIP, 96)[0, 0] > 0.5
    x1, y1, x2, y2 = (crop_boxes(boxes, *window, FLIP)[0, 0] * 96).round().int().tolist()
    assert seen[y1 + 1 : y2 - 1, x1 + 1 : x2 - 1].all()
    assert seen.sum() <= (y2 - y1 + 2) * (x2 - x1 + 2)


def test_boxes_mostly_outside_the_window_vanish() -> None:
    window = (torch.tensor([[0.5, 0.0]]), torch.tensor([[0.5, 1.0]]))
    boxes = torch.tensor([[[0.0, 0.0, 0.6, 1.0], [0.4, 0.0, 0.8, 1.0]]])
    moved = crop_boxes(boxes, *window, NO_FLIP)
    torch.testing.assert_close(moved, torch.tensor([[[0.0] * 4, [0.0, 0.0, 0.6, 1.0]]]))


def test_padding_stays_zero_and_the_seed_decides() -> None:
    images = torch.randint(0, 256, (4, 32, 32, 3), dtype=torch.uint8)
    boxes = torch.zeros(4, 3, 4)
    boxes[:, 0] = torch.tensor([0.3, 0.3, 0.7, 0.7])
    first = augment(images, boxes, 24, torch.Generator().manual_seed(3))
    again = augment(images, boxes, 24, torch.Generator().manual_seed(3))
    assert first[0].shape == (4, 3, 24, 24)
    assert torch.equal(first[0], again[0])
    assert (first[1][:, 1:] == 0).all()
    assert ((first[1] >= 0) & (first[1] <= 1)).all()


def test_colours_stay_in_range_and_keep_grey_grey() -> None:
    grey = torch.rand(8, 1, 6, 6).expand(8, 3, 6, 6)
    changed = colours(grey, torch.Generator().manual_seed(0))
    assert ((changed >= 0) & (changed <= 1)).all()
    torch.testing.assert_close(changed[:, 0], changed[:, 2])


def test_jittered_boxes_stay_close() -> None:
    boxes = torch.tensor([[[0.2, 0.2, 0.6, 0.8], [0.0, 0.0, 0.0, 0.0]]])
    moved = jitter_boxes(boxes, torch.Generator().manual_seed(0))
    assert ((moved - boxes).abs() <= 0.061).all()
    assert (moved[0, 1] == 0).all()
