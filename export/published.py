"""The published code's state dict as ours (reference sections 2 and 2.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from models.config import PRESETS, VISUAL_ROWS, UMIEConfig
from models.umie import UMIE
from tasks.errors import CheckpointError

_PREFIX = "module."
_ALIASES = (
    "encoder.embed_tokens.weight",
    "decoder.embed_tokens.weight",
    "encoder.visual_embedding.obj_order_embedding.weight",
)
"""Other names of shared.weight."""
_UNUSED = (
    "encoder.gate.feat.weight",
    "proj_t.weight",
    "proj_v.weight",
    "proj_t_2.weight",
    "proj_v_2.weight",
)
"""Weights that never reach the published code's logits."""
_BIAS = "layer.0.SelfAttention.relative_attention_bias.weight"
_RULES = (
    (r"^text_encoder\.", "encoder."),
    (r"^visual_embedding\.", "encoder.visual_embedding."),
    (r"^gated_fusion\.", "encoder.gate."),
    (r"visual_embedding\.stack\.", "visual_embedding.vstack."),
    (r"\.feature\.", ".feat_embedding.0."),
    (r"\.feature_norm\.", ".feat_embedding.1."),
    (r"\.position\.", ".absolute_vis_pos_embedding.0."),
    (r"\.position_norm\.", ".absolute_vis_pos_embedding.1."),
    (r"\.image_order\.", ".img_order_embedding."),
    (r"gate\.attention\.", "gate.layer.0.EncDecAttention."),
    (r"gate\.(text|visual)_in\.", lambda found: f"gate.proj_{found[1][0]}."),
    (r"gate\.(text|visual)_out\.", lambda found: f"gate.proj_{found[1][0]}_2."),
    (r"\.blocks\.", ".block."),
    (r"\.(self_)?attention_norm\.|\.self_norm\.", ".layer.0.layer_norm."),
    (r"\.(self_)?attention\.", ".layer.0.SelfAttention."),
    (r"\.cross_norm\.", ".layer.1.layer_norm."),
    (r"\.cross_attention\.", ".layer.1.EncDecAttention."),
    (r"(decoder\.block\.\d+)\.feed_forward", r"\1.layer.2.feed_forward"),
    (r"(?<!layer\.2)\.feed_forward", ".layer.1.feed_forward"),
    (r"\.feed_forward_norm\.", ".layer_norm."),
    (r"\.feed_forward\.", ".DenseReluDense."),
    (r"\.bias\.table\.weight$", f".block.0.{_BIAS}"),
    (r"(coder|vstack)\.norm\.", r"\1.final_layer_norm."),
)


def published_key(name: str, config: UMIEConfig) -> str:
    """The published code's name of our parameter `name`."""
    for pattern, replacement in _RULES:
        name = re.sub(pattern, replacement, name)
    return name.replace(".wi_0.", ".wi.") if config.feed_forward == "relu" else name


def from_published(
    state: Mapping[str, Tensor],
) -> tuple[UMIEConfig, dict[str, Tensor], list[str]]:
    """What a state dict of the published code says, as our own.

    Args:
        state: its tensors by name, with or without the `module.` that distributed training adds.

    Returns:
        The configuration that its shapes tell, the weights by our names in the dtype they have, and
        the names of those that the published forward pass never uses.

    Raises `CheckpointError` where a used weight is missing or of another shape, an alias differs from
    shared.weight, a name is unknown or a value is not finite.
    """
    state = _unprefixed(state)
    config = _configuration(state)
    with torch.device("meta"):
        expected = UMIE(config).state_dict()
    weights, used = {}, set()
    for name, wanted in expected.items():
        key = published_key(name, config)
        weights[name] = _weight(state, key, tuple(wanted.shape))
        used.add(key)
    _check_aliases(state)
    unused = sorted(state.keys() & set(_UNUSED))
    unknown = sorted(state.keys() - used - set(_ALIASES) - set(_UNUSED) - {"lm_head.weight"})
    if unknown:
        raise CheckpointError(
            f"{len(unknown)} weights have no place in the published model, first {unknown[0]}"
        )
    return config, weights, unused


def _unprefixed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    stripped = {name.removeprefix(_PREFIX): tensor for name, tensor in state.items()}
    if len(stripped) < len(state):
        raise CheckpointError(f"some weights are there twice, with and without {_PREFIX}")
    return stripped


def _configuration(state: Mapping[str, Tensor]) -> UMIEConfig:
    vocabulary, d_model = _matrix(state, "shared.weight")
    buckets, heads = _matrix(state, f"encoder.block.0.{_BIAS}")
    inner, _ = _matrix(state, "encoder.block.0.layer.0.SelfAttention.q.weight")
    feed_forward = "encoder.block.0.layer.1.DenseReluDense."
    gated = f"{feed_forward}wi_0.weight" in state
    d_ff, _ = _matrix(state, f"{feed_forward}{'wi_0' if gated else 'wi'}.weight")
    head = _weight(state, "lm_head.weight", (vocabulary, d_model))
    if inner % heads:
        raise CheckpointError(f"{inner} rows of attention do not divide among {heads} heads")
    if vocabulary < VISUAL_ROWS or buckets < 4 or buckets % 4:
        raise CheckpointError(f"{vocabulary} tokens or {buckets} distance buckets make no model")
    config = UMIEConfig(
        preset="published",
        text_encoder="t5",
        vocab_size=vocabulary,
        d_model=d_model,
        d_kv=inner // heads,
        d_ff=d_ff,
        num_heads=heads,
        num_layers=_blocks(state, "encoder"),
        num_decoder_layers=_blocks(state, "decoder"),
        feed_forward="gated-gelu" if gated else "relu",
        tie_word_embeddings=torch.equal(head, state["shared.weight"]),
        relative_attention_num_buckets=buckets,
    )
    return config.with_(preset=_preset(config))


def _preset(config: UMIEConfig) -> str:
    """The preset of these sizes, whatever its vocabulary; "published" where there is none."""
    for name, preset in PRESETS.items():
        if preset == config.with_(preset=name, vocab_size=preset.vocab_size):
            return name
    return config.preset


def _blocks(state: Mapping[str, Tensor], stack: str) -> int:
    found = {int(m[1]) for key in state if (m := re.match(rf"{stack}\.block\.(\d{{1,4}})\.", key))}
    if not found or found != set(range(len(found))):
        raise CheckpointError(f"the {stack}'s blocks are numbered {sorted(found)}")
    return len(found)


def _matrix(state: Mapping[str, Tensor], key: str) -> tuple[int, int]:
    shape = _tensor(state, key).shape
    if len(shape) != 2 or 0 in shape:
        raise CheckpointError(f"{key} has shape {tuple(shape)}, which is no matrix")
    return shape[0], shape[1]


def _tensor(state: Mapping[str, Tensor], key: str) -> Tensor:
    if key not in state:
        raise CheckpointError(f"{key} is missing; this is no checkpoint of the published model")
    return state[key]


def _weight(state: Mapping[str, Tensor], key: str, shape: tuple[int, ...]) -> Tensor:
    tensor = _tensor(state, key)
    if tuple(tensor.shape) != shape:
        raise CheckpointError(f"{key} has shape {tuple(tensor.shape)}, not {shape}")
    if not tensor.is_floating_point() or not bool(torch.isfinite(tensor).all()):
        raise CheckpointError(f"{key} holds something other than finite numbers")
    return tensor


def _check_aliases(state: Mapping[str, Tensor]) -> None:
    for key in _ALIASES:
        if key in state and not torch.equal(state[key], state["shared.weight"]):
            raise CheckpointError(f"{key} differs from shared.weight, whose alias it should be")
