from __future__ import annotations

import pytest
import torch

from export.published import from_published, published_names
from models.config import PRESETS
from models.umie import UMIE
from tasks.errors import CheckpointError
from tests.support.published import Sizes, State, published_state
from tests.support.umie import GATED_UNTIED, RELU_TIED

Q = "encoder.block.1.layer.0.SelfAttention.q.weight"


@pytest.mark.parametrize("sizes", [GATED_UNTIED, RELU_TIED, Sizes(encoder=3, decoder=1)])
def test_sizes_are_read_off_the_shapes(sizes: Sizes) -> None:
    config, weights, _ = from_published(published_state(sizes))
    assert (config.d_model, config.num_heads, config.d_kv) == (sizes.d, sizes.heads, sizes.k)
    assert (config.num_layers, config.num_decoder_layers) == (sizes.encoder, sizes.decoder)
    assert (config.d_ff, config.vocab_size) == (sizes.f, sizes.vocabulary)
    assert config.relative_attention_num_buckets == sizes.buckets
    assert config.feed_forward == ("gated-gelu" if sizes.gated else "relu")
    assert config.tie_word_embeddings == sizes.tied
    UMIE(config).load_state_dict(weights)


def test_every_weight_of_ours_is_read_from_its_own_place() -> None:
    state = published_state(GATED_UNTIED)
    config, weights, unused = from_published(state)
    names = published_names(config)
    assert len(set(names.values())) == len(names)
    assert all(weights[name] is state[key] for name, key in names.items())
    aliases = 3
    assert len(state) == len(names) + len(unused) + aliases


def test_weights_that_nothing_reads_are_named() -> None:
    _, _, unused = from_published(published_state(GATED_UNTIED))
    gates = ["proj_t.weight", "proj_t_2.weight", "proj_v.weight", "proj_v_2.weight"]
    assert unused == ["encoder.gate.feat.weight", *gates]


def test_the_prefix_of_distributed_training_is_stripped_once() -> None:
    state = published_state(GATED_UNTIED)
    _, weights, _ = from_published({f"module.{key}": tensor for key, tensor in state.items()})
    assert weights["shared.weight"] is state["shared.weight"]
    with pytest.raises(CheckpointError, match=r"shared\.weight is missing"):
        from_published({f"module.module.{key}": tensor for key, tensor in state.items()})
    with pytest.raises(CheckpointError, match="twice"):
        from_published({**state, f"module.{Q}": state[Q]})


def test_a_half_precision_checkpoint_keeps_its_precision() -> None:
    state = {key: tensor.bfloat16() for key, tensor in published_state(RELU_TIED).items()}
    config, weights, _ = from_published(state)
    assert config.tie_word_embeddings
    assert {tensor.dtype for tensor in weights.values()} == {torch.bfloat16}


def test_the_published_base_sizes_are_recognised() -> None:
    base = PRESETS["base"]
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in UMIE(base).state_dict().items()}
    # one value everywhere, without its memory
    one = torch.ones(1)
    keys = published_names(base)
    state = {keys[name]: one.expand(shape) for name, shape in shapes.items()}
    state["lm_head.weight"] = (2 * one).expand(shapes["lm_head.weight"])
    config, _, _ = from_published(state)
    assert config == base


def changed(**values: torch.Tensor | None) -> State:
    """A state with one weight replaced or taken away."""
    state = published_state(GATED_UNTIED)
    for key, value in values.items():
        if value is None:
            del state[key]
        else:
            state[key] = value
    return state


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shared.weight": None}, r"shared\.weight is missing"),
        ({"lm_head.weight": None}, r"lm_head\.weight is missing"),
        ({Q: None}, "encoder.block.1.layer.0.SelfAttention.q.weight is missing"),
        ({Q: torch.zeros(12, 15)}, r"has shape \(12, 15\), not \(12, 16\)"),
        ({Q: torch.full((12, 16), torch.nan)}, "finite numbers"),
        ({Q: torch.zeros(12, 16, dtype=torch.int64)}, "finite numbers"),
        ({"decoder.embed_tokens.weight": torch.zeros(50, 16)}, "differs from shared.weight"),
        ({"adapters.0.weight": torch.zeros(2)}, "no place in the published model, first adapters"),
        ({"encoder.block.7.layer.0.layer_norm.weight": torch.zeros(16)}, r"\[0, 1, 7\]"),
        ({"shared.weight": torch.zeros(16)}, "no matrix"),
        (
            {"encoder.block.0.layer.0.SelfAttention.q.weight": torch.zeros(13, 16)},
            "do not divide among 3 heads",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(
    values: dict[str, torch.Tensor | None], message: str
) -> None:
    with pytest.raises(CheckpointError, match=message) as caught:
        from_published(changed(**values))
    assert "\n" not in str(caught.value)
