from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers.models.mpnet.modeling_mpnet import MPNetEncoder as TheirEncoder

from models.mpnet import MARKERS, POSITIONS, SPECIAL_TOKENS, MPNetEncoder, mpnet_weights
from tests.support.mpnet import CONFIG, published, small_standard, weights_of
from tests.support.mpnet import small_mpnet as small_mpnet


def inputs(length: int = 9) -> tuple[Tensor, Tensor]:
    """ids and mask (2, L); MPNet's own special tokens are among the ids."""
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(MARKERS, CONFIG.vocab_size, (2, length), generator=generator)
    ids[0, 0], ids[0, -1] = 101, 102
    mask = torch.ones(2, length, dtype=torch.int64)
    mask[1, length // 2 :] = 0
    return ids * mask, mask


def encoder_of(folder: Path) -> MPNetEncoder:
    encoder = small_standard(folder).text_encoder
    assert isinstance(encoder, MPNetEncoder)
    return encoder.requires_grad_(False)


@pytest.mark.parametrize("length", [2, 9, 300])
def test_it_computes_what_mpnet_computes(small_mpnet: Path, length: int) -> None:
    theirs, ours = published(), encoder_of(small_mpnet)
    ids, mask = inputs(length)
    their_ids = ids + 4
    for own, other in SPECIAL_TOKENS.items():
        their_ids[ids == own] = other
    got = ours.states(ids, mask, torch.zeros_like(ids))
    expected = theirs(input_ids=their_ids, attention_mask=mask).last_hidden_state
    real = mask == 1
    torch.testing.assert_close(got[real], expected[real], rtol=1e-4, atol=1e-4)


def test_buckets_are_those_of_mpnet(small_mpnet: Path) -> None:
    places = torch.arange(POSITIONS)
    expected = TheirEncoder.relative_position_bucket(places[None, :] - places[:, None])
    encoder = encoder_of(small_mpnet)
    encoder.position_bias.weight[:] = torch.arange(32.0)[:, None]
    ids = torch.zeros(1, POSITIONS, dtype=torch.int64)
    seen: list[Tensor] = []
    encoder.layers[0].register_forward_pre_hook(lambda _, given: seen.append(given[1]))
    encoder.states(ids, torch.ones_like(ids), ids)
    assert torch.equal(seen[0][0, 0], expected.float())


def test_padding_changes_nothing(small_mpnet: Path) -> None:
    encoder = encoder_of(small_mpnet)
    ids, mask = inputs()
    alone = encoder.states(ids[1:, :4], mask[1:, :4], torch.zeros(1, 4, dtype=torch.int64))
    together = encoder.states(ids, mask, torch.zeros_like(ids))
    torch.testing.assert_close(together[1:, :4], alone, rtol=1e-5, atol=1e-5)


def test_cases_and_markers_come_in_behind_the_layers_that_rest(small_mpnet: Path) -> None:
    encoder = encoder_of(small_mpnet)
    ids, mask = inputs()
    cases = torch.zeros_like(ids)
    before = encoder.states(ids, mask, cases)
    cases[0, 3] = 5
    assert torch.equal(encoder.states(ids, mask, cases), before)
    encoder.cases.weight[5] = 1.0
    changed = encoder.states(ids, mask, cases)
    assert not torch.allclose(changed[0], before[0])
    assert torch.equal(changed[1], before[1])


def test_other_weights_are_refused(small_mpnet: Path) -> None:
    weights = weights_of(published())
    del weights["encoder.layer.1.output.dense.bias"]
    with pytest.raises(KeyError):
        mpnet_weights(weights, SPECIAL_TOKENS, CONFIG.vocab_size)
