from __future__ import annotations

import pytest
import torch

from tests.support.umie import GATED_UNTIED, RELU_TIED, Sizes, both, small_inputs


@pytest.mark.parametrize("sizes", [GATED_UNTIED, RELU_TIED], ids=["gated", "relu"])
@pytest.mark.parametrize("scale", [1.0, 640.0], ids=["shares", "pixels"])
def test_visual_states_are_the_published_ones(sizes: Sizes, scale: float) -> None:
    model, published = both(sizes)
    _, _, features, boxes, _ = small_inputs()
    got = model.encode_visual(features, boxes * scale)
    expected = published.visual(features, boxes * scale)
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)


def test_order_vectors_count_back_from_the_last_token() -> None:
    model, _ = both(GATED_UNTIED)
    tokens = model.shared.weight
    same = torch.zeros(1, 4, 512), torch.zeros(1, 4, 4)
    rows = model.visual_embedding.embed(*same, tokens)[0]  # equal but for their order vectors
    steps = tokens[-4:].flip(0)
    torch.testing.assert_close(rows - rows[0], steps - steps[0], rtol=1e-4, atol=1e-5)


def test_area_is_height_times_width_whichever_comes_first() -> None:
    model, _ = both(GATED_UNTIED)
    part = model.visual_embedding
    # with weight on the area alone, boxes of one area embed alike
    part.position.weight.zero_()[:, 4] = 1.0
    boxes = torch.tensor([[[0.0, 0.0, 0.5, 0.2], [0.3, 0.1, 0.5, 0.6], [0.0, 0.0, 0.5, 0.5]]])
    tokens = torch.zeros_like(model.shared.weight)
    rows = part.embed(torch.zeros(1, 3, 512), boxes, tokens)[0]
    torch.testing.assert_close(rows[0], rows[1])
    assert not torch.allclose(rows[0], rows[2], atol=1e-3)


def test_rows_of_zeros_take_part() -> None:
    model, _ = both(GATED_UNTIED)
    _, _, features, boxes, _ = small_inputs()
    features[:, 20:], boxes[:, 20:] = 0.0, 0.0
    all_rows = model.encode_visual(features, boxes)[:, :20]
    real_rows = model.encode_visual(features[:, :20], boxes[:, :20])
    assert not torch.allclose(all_rows, real_rows, atol=1e-3)
