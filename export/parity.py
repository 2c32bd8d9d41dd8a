"""Our network beside recorded outputs of the published code, tensor by tensor.

A folder of recordings holds config.json, state_dict.safetensors and, for every case, the files
CASE.inputs.safetensors and CASE.expected.safetensors.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from export.published import from_published
from export.search import beam, greedy
from models.config import UMIEConfig
from models.umie import UMIE
from tasks.errors import CheckpointError

RTOL = ATOL = 1e-5
BEAMS = 5
_LENGTH = "generation_max_length"
_IN, _OUT = ".inputs.safetensors", ".expected.safetensors"
_INPUTS = "input_ids", "attention_mask", "vis_feats", "boxes", "decoder_input_ids"
_STATED = (
    "d_model",
    "d_kv",
    "d_ff",
    "num_layers",
    "num_decoder_layers",
    "num_heads",
    "vocab_size",
    "tie_word_embeddings",
    "relative_attention_num_buckets",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """How far one tensor of one case is off.

    largest: the largest absolute difference, inf where shapes differ. excess: the largest multiple
    of the tolerance atol + rtol * |expected| that an element reaches; ids must be equal.
    """

    case: str
    tensor: str
    largest: float
    excess: float

    @property
    def within(self) -> bool:
        """Whether every element is within the tolerance."""
        return self.excess <= 1.0


def parity(folder: Path) -> list[Difference]:
    """The differences of every recorded tensor in `folder`.

    Raises `CheckpointError` where the folder holds no recordings or says something else about the
    weights than they do.
    """
    try:
        stated = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        state = load_file(folder / "state_dict.safetensors")
        names = sorted(p.name.removesuffix(_IN) for p in folder.glob(f"*{_IN}"))
        cases = {n: [load_file(folder / f"{n}{end}") for end in (_IN, _OUT)] for n in names}
    except (OSError, ValueError, SafetensorError) as error:
        raise CheckpointError(f"{folder} holds no recordings: {error}") from error
    if not cases:
        raise CheckpointError(f"{folder} holds no recordings: no file ends in {_IN}")
    config, weights, _ = from_published(state)
    _check_stated(stated, config, folder)
    model = UMIE(config.with_(gate_pool="all"))
    model.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
    model.eval()
    differences = []
    for case, (inputs, expected) in cases.items():
        got = observe(model, inputs, stated[_LENGTH])
        missing = expected.keys() - got.keys()
        if missing:
            raise CheckpointError(f"{folder} records {sorted(missing)}, which we do not compute")
        differences += [_difference(case, n, got[n], want) for n, want in expected.items()]
    return differences


def worst(differences: list[Difference]) -> dict[str, Difference]:
    """The difference of every tensor in the case where it is furthest off."""
    ascending = sorted(differences, key=lambda d: (d.excess, d.largest))
    return {difference.tensor: difference for difference in ascending}


def _check_stated(stated: dict[str, object], config: UMIEConfig, folder: Path) -> None:
    values = {**config.to_dict(), "feed_forward_proj": config.feed_forward}
    for key in (*_STATED, "feed_forward_proj"):
        if stated.get(key) != values[key]:
            raise CheckpointError(
                f"{folder / 'config.json'} says {key} {stated.get(key)}, the weights {values[key]}"
            )
    if not isinstance(stated.get(_LENGTH), int):
        raise CheckpointError(f"{folder / 'config.json'} says no {_LENGTH}")


@torch.inference_mode()
def observe(model: UMIE, inputs: dict[str, Tensor], length: int) -> dict[str, Tensor]:
    """Every tensor that recordings name, from one pass through `model`.

    Args:
        model: in evaluation mode.
        inputs: input_ids and attention_mask (B, L), vis_feats (B, N, 512), boxes (B, N, 4) and
            decoder_input_ids (B, T).
        length: longest generated target, start token included.
    """
    ids, mask, features, boxes, prefixes = (inputs[name] for name in _INPUTS)
    seen: dict[str, Tensor] = {}
    with _watch(model, seen):
        text = model.encode_text(ids, mask, torch.zeros_like(ids))
        visual = model.encode_visual(features, boxes)
        present = torch.ones(len(ids))
        fusion = model.gated_fusion(text, mask, visual, present)
    cross = model.remember(fusion, visual).cross
    hidden = model.decoder(model.shared(prefixes), cross, mask)
    p, q = model.gated_fusion.directions(text, mask, visual)
    agreement = (p * q).sum(-1)
    beam_ids, beam_scores = beam(model, cross, mask, length, BEAMS)
    return {
        **seen,
        "vis_embeds": visual,
        "text_hidden": text,
        "gate_ff_out": model.gated_fusion.look(text, visual),
        "gate_text_emb": p,
        "gate_vis_emb": q,
        "gate_cos": agreement,
        "gate_logit": agreement * math.exp(0.5),
        "gate_rate_once": F.leaky_relu(agreement * math.exp(0.5)),
        "gate_rate": fusion.gate,
        "enc_hidden": fusion.fused,
        "dec_hidden": hidden,
        "logits": hidden * model.output_scale @ model.output_embeddings.T,
        "greedy_ids": greedy(model, cross, mask, length),
        f"beam{BEAMS}_ids": beam_ids,
        f"beam{BEAMS}_scores": beam_scores,
    }


@contextmanager
def _watch(model: UMIE, seen: dict[str, Tensor]) -> Iterator[None]:
    """Note what passes between the parts while the context is open."""

    def keep(name: str, tensor: Tensor) -> None:
        seen[name] = tensor.clone()

    def output_of(module: nn.Module, name: str) -> torch.utils.hooks.RemovableHandle:
        return module.register_forward_hook(lambda _m, _inputs, output: keep(name, output))

    def input_of(module: nn.Module, name: str) -> torch.utils.hooks.RemovableHandle:
        return module.register_forward_pre_hook(lambda _m, inputs: keep(name, inputs[0]))

    visual = model.visual_embedding
    hooks = [
        output_of(visual.feature_norm, "vis_feat_proj"),
        output_of(visual.position_norm, "vis_pos_proj"),
        input_of(visual.stack, "vis_pre_stack"),
        input_of(model.gated_fusion.feed_forward_norm, "gate_attn_hidden"),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _difference(case: str, name: str, got: Tensor, wanted: Tensor) -> Difference:
    if got.shape != wanted.shape:
        return Difference(case, name, math.inf, math.inf)
    if not wanted.is_floating_point():
        largest = float((got - wanted).abs().max())
        return Difference(case, name, largest, math.inf if largest else 0.0)
    off = (got.double() - wanted.double()).abs()
    excess = off / (ATOL + RTOL * wanted.double().abs())
    return Difference(case, name, float(off.max()), float(excess.nan_to_num(math.inf).max()))
