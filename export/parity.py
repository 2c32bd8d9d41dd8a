"""Our network beside recorded outputs of the published code, tensor by tensor."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.recordings import read_recordings
from export.unconstrained_decoding import beam, greedy
from models.target_decoder import TargetDecoder
from models.umie import UMIE
from tasks.errors import CheckpointError

TOLERANCE = 1e-5
"""Absolute and relative."""

BEAMS = 5
_INPUTS = "input_ids", "attention_mask", "vis_feats", "boxes", "decoder_input_ids"


@dataclass(frozen=True, slots=True)
class Difference:
    """How far one tensor of one case is off.

    largest: the largest absolute difference, inf where shapes differ. excess: the largest multiple
    of tolerance * (1 + |expected|) that an element reaches. ids: whether these are token ids, which
    must be equal.
    """

    case: str
    tensor: str
    largest: float
    excess: float
    ids: bool = False

    @property
    def within(self) -> bool:
        """Whether every element is within the tolerance."""
        return self.excess <= 1.0


def parity(folder: Path) -> list[Difference]:
    """The differences of every recorded tensor in `folder`.

    Raises `CheckpointError` where the folder holds no recordings or says something else about the
    weights than they do.
    """
    recordings = read_recordings(folder)
    model = UMIE(recordings.config)
    model.load_state_dict({name: tensor.float() for name, tensor in recordings.weights.items()})
    model.eval()
    differences = []
    for case, (inputs, expected) in recordings.cases.items():
        got = observe(model, inputs, recordings.length)
        missing = expected.keys() - got.keys()
        if missing:
            raise CheckpointError(f"{folder} records {sorted(missing)}, which we do not compute")
        differences += [difference(case, n, got[n], want) for n, want in expected.items()]
    return differences


def worst(differences: list[Difference]) -> dict[str, Difference]:
    """The difference of every tensor in the case where it is furthest off."""
    ascending = sorted(differences, key=lambda d: (d.excess, d.largest))
    return {difference.tensor: difference for difference in ascending}


def summary(differences: list[Difference], tolerance: float) -> str:
    """One line: how many tensors are beyond the tolerance, and which ids are equal."""
    ids = [d for d in differences if d.ids]
    beyond = sum(not d.within for d in differences)
    equal = sum(d.within for d in ids)
    wrong = ", ".join(f"{d.tensor} of {d.case}" for d in ids if not d.within)
    return (
        f"{len(differences)} tensors, {beyond} beyond {tolerance:.0e} * (1 + |expected|); "
        f"ids equal in {equal} of {len(ids)}" + (f", not in {wrong}" if wrong else "")
    )


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
    p, q = model.gated_fusion.directions(text, mask, visual)
    agreement = (p * q).sum(-1)
    return {
        **seen,
        **written(model, cross, mask, prefixes, length),
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
    }


@torch.inference_mode()
def written(
    model: TargetDecoder, cross: Tensor, mask: Tensor, prefixes: Tensor, length: int
) -> dict[str, Tensor]:
    """The decoder outputs that recordings contain.

    Args:
        model: in evaluation mode.
        cross: (D, 2, B, H, L, k) from `Decoder.project`.
        mask: (B, L).
        prefixes: (B, T) given targets.
        length: longest generated target, start token included.
    """
    hidden = model.decoder(model.embed(prefixes), cross, mask)
    beam_ids, beam_scores = beam(model, cross, mask, length, BEAMS)
    return {
        "dec_hidden": hidden,
        "logits": hidden * model.output_scale @ model.output_embeddings.T,
        "greedy_ids": greedy(model, cross, mask, length),
        f"beam{BEAMS}_ids": beam_ids,
        f"beam{BEAMS}_scores": beam_scores,
    }


@contextmanager
def _watch(model: UMIE, seen: dict[str, Tensor]) -> Iterator[None]:
    """Record the intermediate tensors while the context is open."""

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


def difference(
    case: str, name: str, got: Tensor, wanted: Tensor, tolerance: float = TOLERANCE
) -> Difference:
    """How far `got` is from what was `wanted`."""
    ids = not wanted.is_floating_point()
    if got.shape != wanted.shape:
        return Difference(case, name, math.inf, math.inf, ids)
    if ids:
        largest = float((got - wanted).abs().max())
        return Difference(case, name, largest, math.inf if largest else 0.0, ids)
    off = (got.double() - wanted.double()).abs()
    excess = off / (tolerance * (1 + wanted.double().abs()))
    return Difference(case, name, float(off.max()), float(excess.nan_to_num(math.inf).max()))
