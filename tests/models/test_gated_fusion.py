from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from models.gated_fusion import GatedFusion
from models.umie import UMIE
from tests.support.umie import GATED_UNTIED, RELU_TIED, Sizes, both, small_inputs


def states(sizes: Sizes) -> tuple[Tensor, Tensor, Tensor]:
    """mask (3, L), text (3, L, d) and visual (3, 37, d)."""
    model, _ = both(sizes)
    ids, mask, features, boxes, _ = small_inputs()
    return mask, model.encode_text(ids, mask, ids), model.encode_visual(features, boxes)


def masked(model: UMIE) -> GatedFusion:
    """The same fusion with the gate over real positions only."""
    config = model.config.with_(gate_pool="masked")
    fusion = GatedFusion(config).eval()
    fusion.load_state_dict(model.gated_fusion.state_dict())
    return fusion


@pytest.mark.parametrize("sizes", [GATED_UNTIED, RELU_TIED], ids=["gated", "relu"])
def test_gate_and_fusion_are_the_published_ones(sizes: Sizes) -> None:
    model, published = both(sizes)
    mask, text, visual = states(sizes)
    fusion = model.gated_fusion(text, mask, visual, torch.ones(3))
    expected = published.gate(text, visual)
    assert bool((expected > 0).any()) and bool((expected < 0).any())
    torch.testing.assert_close(fusion.gate, expected, rtol=1e-5, atol=1e-9)
    torch.testing.assert_close(fusion.fused, published.fuse(text, visual), rtol=1e-5, atol=1e-5)


def test_directions_have_unit_length_and_agree_with_themselves() -> None:
    model, _ = both(GATED_UNTIED)
    mask, text, visual = states(GATED_UNTIED)
    p, q = model.gated_fusion.directions(text, mask, visual)
    torch.testing.assert_close(p.norm(dim=-1), torch.ones(3))
    torch.testing.assert_close(q.norm(dim=-1), torch.ones(3))


def test_the_gate_opens_as_far_as_the_two_agree_and_closes_almost_where_they_do_not() -> None:
    model, _ = both(GATED_UNTIED)
    part = model.gated_fusion
    part.visual_in.weight.copy_(part.text_in.weight)
    part.visual_out.weight.copy_(part.text_out.weight)
    text, mask = torch.randn(1, 4, GATED_UNTIED.d), torch.ones(1, 4)
    agreed = part.gate(text, mask, text)
    opposed = part.gate(text, mask, -text)
    torch.testing.assert_close(agreed, torch.tensor([math.exp(0.5)]))
    torch.testing.assert_close(opposed, torch.tensor([-1e-4 * math.exp(0.5)]))


def test_without_a_picture_the_text_passes_unchanged() -> None:
    model, _ = both(GATED_UNTIED)
    mask, text, visual = states(GATED_UNTIED)
    fusion = model.gated_fusion(text, mask, visual, torch.tensor([1.0, 0.0, 1.0]))
    assert fusion.gate[1] == 0
    assert torch.equal(fusion.fused[1], text[1])
    assert not torch.equal(fusion.fused[0], text[0])


def test_the_masked_gate_does_not_depend_on_padding_and_the_published_one_does() -> None:
    model, _ = both(RELU_TIED)
    mask, text, visual = states(RELU_TIED)
    length = int(mask[1].sum())
    short = text[1:2, :length], mask[1:2, :length], visual[1:2]
    ours = masked(model)
    torch.testing.assert_close(ours.gate(text, mask, visual)[1:2], ours.gate(*short))
    assert not torch.allclose(
        model.gated_fusion.gate(text, mask, visual)[1:2], model.gated_fusion.gate(*short), atol=1e-3
    )


def test_without_padding_both_gates_are_the_same() -> None:
    model, _ = both(RELU_TIED)
    mask, text, visual = states(RELU_TIED)
    assert bool(mask[0].all())
    ours = masked(model).gate(text, mask, visual)
    torch.testing.assert_close(ours[0], model.gated_fusion.gate(text, mask, visual)[0])
