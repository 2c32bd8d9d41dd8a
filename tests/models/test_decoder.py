from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.decoder import Decoder
from models.layout import Layout
from models.t5 import padding_bias
from tests.support.umie import GATED_UNTIED, RELU_TIED, Sizes, both, small_inputs

BOTH = pytest.mark.parametrize("sizes", [GATED_UNTIED, RELU_TIED], ids=["gated", "relu"])


def prefixes(sizes: Sizes, steps: int = 12) -> tuple[Decoder, Tensor, Tensor, Tensor]:
    """A decoder, embedded prefixes (3, steps, d), cross (D, 2, 3, H, L, k), mask (3, L)."""
    model, published = both(sizes)
    ids, mask, features, boxes, targets = small_inputs(steps=steps)
    fused = published.fuse(published.text(ids, mask), published.visual(features, boxes))
    return model.decoder, model.shared(targets), model.decoder.project(fused), mask


@BOTH
def test_states_are_the_published_ones(sizes: Sizes) -> None:
    model, published = both(sizes)
    ids, mask, features, boxes, targets = small_inputs(steps=40)
    fused = published.fuse(published.text(ids, mask), published.visual(features, boxes))
    got = model.decoder(model.shared(targets), model.decoder.project(fused), mask)
    expected = published.decode(targets, fused, mask)
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)
    logits = got * model.output_scale @ model.output_embeddings.T
    torch.testing.assert_close(logits, published.logits(expected), rtol=1e-5, atol=1e-5)


@BOTH
def test_step_by_step_is_the_same_as_all_at_once(sizes: Sizes) -> None:
    decoder, x, cross, mask = prefixes(sizes)
    whole = decoder(x, cross, mask)
    cache = decoder.cache(3, x.shape[1])
    for place in range(x.shape[1]):
        layout = Layout.of([place] * 3, [1] * 3)
        got = decoder.step(x[:, place], layout, cache, cross, padding_bias(mask))
        torch.testing.assert_close(got, whole[:, place], rtol=1e-5, atol=1e-5)


# How far each of three slots goes on in every step: at different places, by one token or several.
STRIDES = [
    [(1, 1, 1), (1, 1, 1), (2, 1, 1)],
    [(5, 1, 2), (1, 1, 1), (1, 4, 3), (2, 2, 2)],
    [(1, 3, 12), (7, 1), (4, 1)],
]


@BOTH
@pytest.mark.parametrize("strides", STRIDES)
def test_slots_may_go_on_at_different_places_by_several_tokens(
    sizes: Sizes, strides: list[tuple[int, ...]]
) -> None:
    decoder, x, cross, mask = prefixes(sizes)
    whole = decoder(x, cross, mask)
    cache, bias = decoder.cache(5, x.shape[1] + 4), padding_bias(mask)
    firsts = [0, 0, 0]
    for counts in strides:
        slots = range(len(counts))
        told = [(slot, firsts[slot] + i) for slot in slots for i in range(counts[slot])]
        layout = Layout.of(firsts[: len(counts)], counts)
        embedded = torch.stack([x[slot, place] for slot, place in told])
        got = decoder.step(embedded, layout, cache, cross[:, :, : len(counts)], bias[: len(counts)])
        expected = torch.stack([whole[slot, place] for slot, place in told])
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)
        for slot in slots:
            firsts[slot] += counts[slot]


def test_a_slot_is_taken_over_whatever_was_in_it() -> None:
    decoder, x, cross, mask = prefixes(GATED_UNTIED)
    whole = decoder(x, cross, mask)
    cache = decoder.cache(3, x.shape[1])
    cache.keys.fill_(1e3)
    cache.values.fill_(1e3)
    for place in range(4):
        layout = Layout.of([place] * 3, [1] * 3)
        got = decoder.step(x[:, place], layout, cache, cross, padding_bias(mask))
        torch.testing.assert_close(got, whole[:, place], rtol=1e-5, atol=1e-5)


def test_a_wiped_slot_holds_no_trace_of_what_was_no_number() -> None:
    decoder, x, cross, mask = prefixes(GATED_UNTIED)
    cache = decoder.cache(3, x.shape[1])
    cache.keys[:, 1].fill_(torch.nan)
    cache.values[:, 1].fill_(torch.nan)
    cache.wipe(1, x.shape[1])
    layout = Layout.of([0] * 3, [1] * 3)
    got = decoder.step(x[:, 0], layout, cache, cross, padding_bias(mask))
    torch.testing.assert_close(got, decoder(x, cross, mask)[:, 0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("move", [False, True], ids=["kept", "moved"])
def test_slots_are_dropped_on_the_way(move: bool) -> None:
    decoder, x, cross, mask = prefixes(GATED_UNTIED)
    whole = decoder(x, cross, mask)
    cache, bias = decoder.cache(3, 8), padding_bias(mask)
    for place in range(4):
        decoder.step(x[:, place], Layout.of([place] * 3, [1] * 3), cache, cross, bias)
    if move:
        cache.move(2, 0, 4)
    else:
        cache.keep([2, 1])
    rows = [2, 1]
    for place in range(4, 8):
        layout = Layout.of([place] * 2, [1] * 2)
        got = decoder.step(x[rows, place], layout, cache, cross[:, :, rows], bias[rows])
        torch.testing.assert_close(got, whole[rows, place], rtol=1e-5, atol=1e-5)


def test_later_tokens_do_not_change_earlier_states() -> None:
    decoder, x, cross, mask = prefixes(GATED_UNTIED)
    changed = x.clone()
    changed[:, 7:] += 1.0
    torch.testing.assert_close(decoder(changed, cross, mask)[:, :7], decoder(x, cross, mask)[:, :7])
    assert not torch.allclose(decoder(changed, cross, mask)[:, 7:], decoder(x, cross, mask)[:, 7:])


def test_what_stands_in_padding_does_not_matter() -> None:
    decoder, x, cross, mask = prefixes(GATED_UNTIED)
    noisy = torch.where(mask[None, None, :, None, :, None] == 1, cross, cross + 5.0)
    assert not torch.equal(noisy, cross)
    torch.testing.assert_close(decoder(x, noisy, mask), decoder(x, cross, mask))
