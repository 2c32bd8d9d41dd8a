from __future__ import annotations

import pytest
import torch

from models.adapters import has_adapters, is_resting, merged


def test_an_adapter_is_added_to_the_layer_beside_it() -> None:
    torch.manual_seed(0)
    weight, narrow, wide, bias = (torch.randn(*s) for s in ((5, 3), (2, 3), (5, 2), (5,)))
    base = {"layer.weight": weight, "layer.bias": bias, "other": torch.ones(2).bfloat16()}
    learned = {"layer.narrow": narrow.half(), "layer.wide": wide.half(), "new": torch.zeros(1)}
    weights = merged(base, learned)
    x = torch.randn(4, 3)
    got = x @ weights["layer.weight"].T
    expected = x @ weight.T + x @ narrow.half().float().T @ wide.half().float().T
    torch.testing.assert_close(got, expected)
    assert set(weights) == {"layer.weight", "layer.bias", "other", "new"}
    assert all(value.dtype == torch.float32 for value in weights.values())
    assert torch.equal(base["layer.weight"], weight)


def test_an_adapter_without_its_layer_is_refused() -> None:
    with pytest.raises(KeyError):
        merged({}, {"layer.narrow": torch.zeros(2, 3), "layer.wide": torch.zeros(5, 2)})


@pytest.mark.parametrize(
    ("name", "rests"),
    [
        ("text_encoder.words.weight", True),
        ("text_encoder.layers.4.qkv.base.weight", True),
        ("text_encoder.layers.4.qkv.narrow", False),
        ("text_encoder.layers.4.qkv.wide", False),
        ("text_encoder.cases.weight", False),
        ("text_encoder.project.bias", False),
        ("shared.weight", False),
        ("decoder.norm.weight", False),
    ],
)
def test_what_mpnet_had_before_rests(name: str, rests: bool) -> None:
    assert is_resting(name) is rests


def test_adapters_are_told_by_their_names() -> None:
    assert has_adapters({"text_encoder.layers.4.qkv.narrow": torch.zeros(1)})
    assert not has_adapters({"text_encoder.layers.4.qkv.weight": torch.zeros(1)})
