from __future__ import annotations

import pytest
import torch
from torch import Tensor
from transformers import BertConfig, BertModel

from models.config import PRESETS
from models.minilm import CASES, MAX_POSITIONS, MiniLMEncoder

SMALL = PRESETS["compact"].with_(vocab_size=60, d_model=24, num_layers=2)


def bert() -> BertModel:
    """A small BERT with weights far from zero."""
    config = BertConfig(
        vocab_size=60,
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=12,
        intermediate_size=96,
        max_position_embeddings=MAX_POSITIONS,
        attn_implementation="eager",
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.data.normal_(std=0.3, generator=generator)
    return model.requires_grad_(False)


def inputs() -> tuple[Tensor, Tensor]:
    """ids and mask (2, 9)."""
    mask = torch.ones(2, 9, dtype=torch.int64)
    mask[1, 5:] = 0
    return torch.randint(0, 60, (2, 9), generator=torch.Generator().manual_seed(1)), mask


def test_it_computes_what_bert_computes_but_for_the_skip() -> None:
    theirs = bert()
    ours = MiniLMEncoder(SMALL).eval().requires_grad_(False)
    ours.load_bert(theirs.state_dict())
    ours.skip.weight.zero_()
    ids, mask = inputs()
    embedded = theirs.embeddings.word_embeddings(ids)
    got = ours(embedded, mask, torch.full_like(ids, CASES - 1))  # cases start at zero
    expected = theirs(input_ids=ids, attention_mask=mask).last_hidden_state
    real = mask == 1
    torch.testing.assert_close(got[real], expected[real], rtol=1e-4, atol=1e-5)


def test_the_skip_adds_the_bare_embedding() -> None:
    encoder = MiniLMEncoder(SMALL).eval().requires_grad_(False)
    ids, mask = inputs()
    embedded = torch.randn(2, 9, 24, generator=torch.Generator().manual_seed(2))
    with_skip = encoder(embedded, mask, torch.zeros_like(ids))
    encoder.skip.weight.zero_()
    without = encoder(embedded, mask, torch.zeros_like(ids))
    torch.testing.assert_close(with_skip - without, 0.5 * embedded)


def test_padding_leaves_real_positions_as_they_are() -> None:
    encoder = MiniLMEncoder(SMALL).eval().requires_grad_(False)
    ids, mask = inputs()
    embedded = torch.randn(2, 9, 24, generator=torch.Generator().manual_seed(2))
    padded = encoder(embedded, mask, torch.zeros_like(ids))[1:, :5]
    alone = encoder(embedded[1:, :5], mask[1:, :5], torch.zeros_like(ids)[1:, :5])
    torch.testing.assert_close(padded, alone)


def test_a_checkpoint_with_too_few_layers_is_refused() -> None:
    with pytest.raises(KeyError):
        MiniLMEncoder(SMALL.with_(num_layers=3)).load_bert(bert().state_dict())
