"""The published code's state dict as ours (reference sections 2 and 2.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from models.config import PRESETS, VISUAL_ROWS, UMIEConfig
from models.meta_init import meta_init
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
_BIAS = "layer.0.SelfAttention.relative_attention_bias"
_GATE, _VISUAL = "encoder.gate", "encoder.visual_embedding"
_PARTS = {
    "shared": "shared",
    "lm_head": "lm_head",
    "visual_embedding.feature": f"{_VISUAL}.feat_embedding.0",
    "visual_embedding.feature_norm": f"{_VISUAL}.feat_embedding.1",
    "visual_embedding.position": f"{_VISUAL}.absolute_vis_pos_embedding.0",
    "visual_embedding.position_norm": f"{_VISUAL}.absolute_vis_pos_embedding.1",
    "visual_embedding.image_order": f"{_VISUAL}.img_order_embedding",
    "gated_fusion.attention_norm": f"{_GATE}.layer.0.layer_norm",
    "gated_fusion.attention": f"{_GATE}.layer.0.EncDecAttention",
    "gated_fusion.feed_forward_norm": f"{_GATE}.layer.1.layer_norm",
    "gated_fusion.feed_forward": f"{_GATE}.layer.1.DenseReluDense",
    "gated_fusion.text_in": f"{_GATE}.proj_t",
    "gated_fusion.text_out": f"{_GATE}.proj_t_2",
    "gated_fusion.visual_in": f"{_GATE}.proj_v",
    "gated_fusion.visual_out": f"{_GATE}.proj_v_2",
}
"""Parameter names outside the stacks, mapped to those of the published code."""
_STACKS = {
    "text_encoder": "encoder",
    "visual_embedding.stack": f"{_VISUAL}.vstack",
    "decoder": "decoder",
}
_ENCODER_BLOCK = {
    "attention_norm": "layer.0.layer_norm",
    "attention": "layer.0.SelfAttention",
    "feed_forward_norm": "layer.1.layer_norm",
    "feed_forward": "layer.1.DenseReluDense",
}
_DECODER_BLOCK = {
    "self_norm": "layer.0.layer_norm",
    "self_attention": "layer.0.SelfAttention",
    "cross_norm": "layer.1.layer_norm",
    "cross_attention": "layer.1.EncDecAttention",
    "feed_forward_norm": "layer.2.layer_norm",
    "feed_forward": "layer.2.DenseReluDense",
}


def published_names(config: UMIEConfig) -> dict[str, str]:
    """Parameter names, mapped to those of the published code."""
    parts = dict(_PARTS)
    for stack, theirs in _STACKS.items():
        parts[f"{stack}.bias.table"] = f"{theirs}.block.0.{_BIAS}"
        parts[f"{stack}.norm"] = f"{theirs}.final_layer_norm"
        block = _DECODER_BLOCK if stack == "decoder" else _ENCODER_BLOCK
        for number in range(max(config.num_layers, config.num_decoder_layers)):
            for part, layer in block.items():
                parts[f"{stack}.blocks.{number}.{part}"] = f"{theirs}.block.{number}.{layer}"
    names = {}
    for name in _parameters(config):
        part = name
        while part and part not in parts:
            part = part.rpartition(".")[0]
        key = parts[part] + name.removeprefix(part)
        names[name] = key.replace(".wi_0.", ".wi.") if config.feed_forward == "relu" else key
    return names


def _parameters(config: UMIEConfig) -> dict[str, Tensor]:
    """The model's parameters without their memory."""
    with meta_init():
        return UMIE(config).state_dict()


def from_published(
    state: Mapping[str, Tensor],
) -> tuple[UMIEConfig, dict[str, Tensor], list[str]]:
    """Convert a state dict of the published code.

    Args:
        state: its tensors by name, with or without the `module.` that distributed training adds.

    Returns:
        The configuration that its shapes tell, the weights by our names in the dtype they have, and
        the names of those that the published forward pass never uses.

    Raises `CheckpointError` where a used weight is missing or of another shape, an alias differs
    from shared.weight, a name is unknown or a value is not finite.
    """
    state = _unprefixed(state)
    config = _configuration(state)
    names, shapes = published_names(config), _parameters(config)
    weights = {name: _weight(state, key, tuple(shapes[name].shape)) for name, key in names.items()}
    _check_aliases(state)
    unused = sorted(state.keys() & set(_UNUSED))
    known = {*names.values(), *_ALIASES, *_UNUSED, "lm_head.weight"}
    unknown = sorted(state.keys() - known)
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
    buckets, heads = _matrix(state, f"encoder.block.0.{_BIAS}.weight")
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
        tie_word_embeddings=_same(head, state["shared.weight"]),
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
        if key in state and not _same(state[key], state["shared.weight"]):
            raise CheckpointError(f"{key} differs from shared.weight, whose alias it should be")


def _same(one: Tensor, other: Tensor) -> bool:
    return one.dtype == other.dtype and torch.equal(one, other)
