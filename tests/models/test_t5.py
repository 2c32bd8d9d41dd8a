from __future__ import annotations

import math

import pytest
import torch

from models.t5 import (
    Attention,
    EncoderStack,
    FeedForward,
    RelativeBias,
    RMSNorm,
    padding_bias,
    position_bucket,
)
from tests.support.published import Published, bucket
from tests.support.umie import GATED_UNTIED, RELU_TIED, Sizes, both, small_inputs

BOTH = pytest.mark.parametrize("sizes", [GATED_UNTIED, RELU_TIED], ids=["gated", "relu"])


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("buckets", [8, 16, 32])
def test_buckets_follow_the_formula_up_to_and_beyond_the_largest_distance(
    buckets: int, causal: bool
) -> None:
    places = range(-300, 301)
    got = position_bucket(torch.tensor(list(places)), bidirectional=not causal, buckets=buckets)
    assert got.tolist() == [bucket(place, buckets, causal=causal) for place in places]


def test_a_bias_is_read_by_key_minus_query_for_any_leading_shape() -> None:
    bias = RelativeBias(8, 2, bidirectional=True)
    queries, keys = torch.tensor([[5], [0]]), torch.arange(6).expand(2, 6)
    got = bias(queries, keys)  # (2, 2, 1, 6)
    whole = bias(torch.arange(6), torch.arange(6))  # (2, 6, 6)
    assert torch.equal(got[0, :, 0], whole[:, 5])
    assert torch.equal(got[1, :, 0], whole[:, 0])


def test_rms_norm_neither_centres_nor_shifts() -> None:
    norm = RMSNorm(4)
    torch.nn.init.constant_(norm.weight, 2.0)
    got = norm(torch.tensor([3.0, 3.0, 3.0, 3.0]))
    assert torch.allclose(got, torch.full((4,), 2.0))


def test_rms_norm_takes_the_variance_of_half_precision_in_fp32() -> None:
    x = torch.full((4,), 300.0, dtype=torch.float16)  # its square is beyond fp16
    assert torch.equal(RMSNorm(4).half()(x), torch.ones(4, dtype=torch.float16))


def test_scores_are_not_scaled_by_the_width() -> None:
    attention = Attention(4, 1, 4)
    for part in (attention.q, attention.k, attention.v, attention.o):
        torch.nn.init.eye_(part.weight)
    memory = torch.tensor([[[1.0, 0, 0, 0], [0, 1.0, 0, 0]]])
    got = attention(torch.tensor([[[3.0, 0, 0, 0]]]), memory)
    share = math.exp(3) / (math.exp(3) + 1)
    assert torch.allclose(got, torch.tensor([[[share, 1 - share, 0, 0]]]))


@BOTH
def test_feed_forward_is_the_published_one(sizes: Sizes) -> None:
    model, published = both(sizes)
    part = model.text_encoder.get_submodule("blocks.1.feed_forward")
    assert isinstance(part, FeedForward)
    x = 3 * torch.randn(5, sizes.d, generator=torch.Generator().manual_seed(0))
    expected = published.feed_forward("encoder.block.1.layer.1", x)
    torch.testing.assert_close(part(x), expected, rtol=1e-5, atol=1e-5)


@BOTH
def test_text_encoder_is_the_published_one(sizes: Sizes) -> None:
    model, published = both(sizes)
    ids, mask, *_ = small_inputs(length=160)
    got = model.encode_text(ids, mask, torch.zeros_like(ids))
    torch.testing.assert_close(got, published.text(ids, mask), rtol=1e-5, atol=1e-5)


def test_padding_leaves_real_positions_as_they_are() -> None:
    model, published = both(GATED_UNTIED)
    assert isinstance(model.text_encoder, EncoderStack) and isinstance(published, Published)
    ids, mask, *_ = small_inputs()
    length = int(mask[1].sum())
    alone = model.encode_text(ids[1:2, :length], mask[1:2, :length], ids[1:2, :length])
    padded = model.encode_text(ids, mask, ids)[1:2, :length]
    torch.testing.assert_close(padded, alone, rtol=1e-5, atol=1e-5)


def test_padding_gets_no_attention_whatever_its_score() -> None:
    scores = torch.tensor([0.0, 1e4]) + padding_bias(torch.tensor([[1, 0]]))
    assert scores.softmax(-1).flatten().tolist() == [1.0, 0.0]
