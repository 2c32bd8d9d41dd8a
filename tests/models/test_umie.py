from __future__ import annotations

import pytest
import torch
from torch import Tensor

from models.config import PRESETS, UMIEConfig
from models.minilm import MiniLMEncoder
from models.target_decoder import TargetDecoder
from models.umie import UMIE
from tests.support.umie import GATED_UNTIED, RELU_TIED, Inputs, Sizes, both, small_inputs

SMALL = PRESETS["compact"].with_(
    vocab_size=60, d_model=24, d_kv=8, d_ff=32, num_heads=3, num_layers=2, num_decoder_layers=2,
    copy_size=8,
)  # fmt: skip


def logits(model: UMIE, inputs: Inputs) -> Tensor:
    """(B, T, V), every sample with its picture."""
    text = model.encode_text(inputs.ids, inputs.mask, torch.zeros_like(inputs.ids))
    visual = model.encode_visual(inputs.features, inputs.boxes)
    present = torch.ones(len(inputs.ids))
    memory = model.remember(model.gated_fusion(text, inputs.mask, visual, present), visual)
    states = model.decoder(model.shared(inputs.prefixes), memory.cross, inputs.mask)
    return states * model.output_scale @ model.output_embeddings.T


@pytest.mark.parametrize("sizes", [GATED_UNTIED, RELU_TIED], ids=["gated", "relu"])
def test_logits_are_the_published_ones(sizes: Sizes) -> None:
    model, published = both(sizes)
    inputs = small_inputs()
    ids, mask, features, boxes, prefixes = inputs
    fused = published.fuse(published.text(ids, mask), published.visual(features, boxes))
    expected = published.logits(published.decode(prefixes, fused, mask))
    torch.testing.assert_close(logits(model, inputs), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("pool", ["masked", "all"])
def test_an_answer_depends_on_its_batch_only_with_the_published_pooling(pool: str) -> None:
    model, _ = both(RELU_TIED)
    own = UMIE(model.config.with_(gate_pool=pool)).eval().requires_grad_(False)
    own.load_state_dict(model.state_dict())
    inputs = small_inputs()
    length = int(inputs.mask[1].sum())
    alone = Inputs(
        inputs.ids[1:2, :length], inputs.mask[1:2, :length], *(part[1:2] for part in inputs[2:])
    )
    same = torch.allclose(logits(own, inputs)[1:2], logits(own, alone), atol=1e-4)
    assert same == (pool == "masked")


def test_the_compact_preset_reads_cases_and_has_a_copy_head() -> None:
    model = UMIE(SMALL).eval()
    assert isinstance(model.text_encoder, MiniLMEncoder)
    torch.nn.init.normal_(model.text_encoder.cases.weight)
    ids, mask, features, boxes, _ = small_inputs()
    small = model.encode_text(ids, mask, torch.zeros_like(ids))
    capital = model.encode_text(ids, mask, torch.ones_like(ids))
    assert small.shape == (3, 24, 24) and not torch.allclose(small, capital)
    visual = model.encode_visual(features, boxes)
    memory = model.remember(model.gated_fusion(small, mask, visual, torch.ones(3)), visual)
    assert memory.cross.shape == (2, 2, 3, 3, 24, 8)
    assert memory.copy_keys is not None and memory.copy_keys.shape == (3, 36 + 24, 8)


def test_without_a_copy_head_there_are_no_copy_keys() -> None:
    model, _ = both(GATED_UNTIED)
    ids, mask, features, boxes, _ = small_inputs()
    visual = model.encode_visual(features, boxes)
    text = model.encode_text(ids, mask, ids)
    fusion = model.gated_fusion(text, mask, visual, torch.ones(3))
    assert model.remember(fusion, visual).copy_keys is None


def test_the_writing_half_takes_the_whole_network_s_weights() -> None:
    whole, _ = both(GATED_UNTIED)
    half = TargetDecoder(whole.config)
    names = half.state_dict().keys()
    half.load_state_dict({n: t for n, t in whole.state_dict().items() if n in names})
    assert torch.equal(half.output_embeddings, whole.output_embeddings)


def test_presets_name_the_published_sizes() -> None:
    base = PRESETS["base"]
    assert (base.d_model, base.d_ff, base.num_heads, base.num_layers) == (768, 2048, 12, 12)
    assert base.vocab_size == 32102 and not base.tie_word_embeddings
    with torch.device("meta"):
        model = UMIE(base)
    # the published count includes the gate's unused projection and those outside it
    unused = 768 * 512 + 2 * (384 * 768 + 128 * 384)
    assert sum(p.numel() for p in model.parameters()) == 270_948_480 - unused


def test_a_configuration_survives_being_written_down() -> None:
    for preset in PRESETS.values():
        assert UMIEConfig.from_dict(preset.to_dict()) == preset
    with pytest.raises(TypeError):
        UMIEConfig.from_dict({**SMALL.to_dict(), "depth": 3})
