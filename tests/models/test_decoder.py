from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.decoder import Cache, Decoder
from models.t5 import padding_bias
from tests.support.umie import GATED_UNTIED, RELU_TIED, Sizes, both, small_inputs

BOTH = pytest.mark.parametrize("sizes", [GATED_UNTIED, RELU_TIED], ids=["gated", "relu"])
CPU = torch.device("cpu")


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
    cache = Cache(both(sizes)[0].config, 3, x.shape[1], device=CPU)
    for place in range(x.shape[1]):
        places = torch.full((3,), place)
        got = decoder.step(x[:, place], places, cache, cross, padding_bias(mask))
        torch.testing.assert_close(got, whole[:, place], rtol=1e-5, atol=1e-5)


def test_slots_may_stand_at_different_places() -> None:
    decoder, x, cross, mask = prefixes(GATED_UNTIED)
    whole = decoder(x, cross, mask)
    cache = Cache(both(GATED_UNTIED)[0].config, 3, x.shape[1], device=CPU)
    # each slot enters later than the one before; until then it writes to place 0 again and again
    for now in range(x.shape[1]):
        places = torch.tensor([now, max(now - 3, 0), max(now - 5, 0)])
        last = x[torch.arange(3), places]
        got = decoder.step(last, places, cache, cross, padding_bias(mask))
        expected = whole[torch.arange(3), places]
        torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)


def test_a_slot_is_taken_over_whatever_was_in_it() -> None:
    decoder, x, cross, mask = prefixes(GATED_UNTIED)
    whole = decoder(x, cross, mask)
    cache = Cache(both(GATED_UNTIED)[0].config, 3, x.shape[1], device=CPU)
    cache.keys.fill_(1e3)
    cache.values.fill_(1e3)
    for place in range(4):
        got = decoder.step(x[:, place], torch.full((3,), place), cache, cross, padding_bias(mask))
        torch.testing.assert_close(got, whole[:, place], rtol=1e-5, atol=1e-5)


def test_a_cache_grows_and_drops_slots_on_the_way() -> None:
    decoder, x, cross, mask = prefixes(GATED_UNTIED)
    whole = decoder(x, cross, mask)
    cache = Cache(both(GATED_UNTIED)[0].config, 3, 4, device=CPU)
    bias = padding_bias(mask)
    for place in range(4):
        decoder.step(x[:, place], torch.full((3,), place), cache, cross, bias)
    cache.grow()
    cache.keep([2, 0])
    assert cache.steps == 8
    for place in range(4, 8):
        got = decoder.step(
            x[[2, 0], place], torch.full((2,), place), cache, cross[:, :, [2, 0]], bias[[2, 0]]
        )
        torch.testing.assert_close(got, whole[[2, 0], place], rtol=1e-5, atol=1e-5)


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
