"""Fits the gate, which decides whether a text and a picture belong together.

The gate is a leaky ReLU of the cosine between two projections, averaged over the text and over
the picture. The averages are similar for all inputs: one optimiser step moves all cosines by a
tenth. Trained with the rest of the network, the gate oscillates about zero and is mostly closed,
where its slope is 1e-4. Averaging and projecting commute, so its projections are trained separately
from the network, on averages that are computed once, in thousands of cheap steps.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.gated_fusion import GatedFusion
from models.umie import UMIE
from training.text.collation import Prompts
from training.text.example import Spelled
from training.text.visual_features import VisualFeatureStore

MATCHED, UNMATCHED = 0.2, -0.08
"""Target cosines of a text and its own picture, and of a text and another picture."""

_MIDDLE = (MATCHED + UNMATCHED) / 2

PROJECTIONS = ("text_in", "text_out", "visual_in", "visual_out")

_MOST_MATCHED, _MOST_UNMATCHED = 4000, 2000
_PAIRS = 384
_SHARPNESS = 12.0
_RATE, _DECAY, _WARMUP = 5e-4, 0.05, 100
_AT_ONCE = 32


class Averages(NamedTuple):
    """N prompts with pictures: text (N, d), visual (N, d), matched (N,) whether they match."""

    text: Tensor
    visual: Tensor
    matched: Tensor


class Fit(NamedTuple):
    """Shares of open gates: of texts with their own picture, and with another picture."""

    own: float
    others: float


def projections(fusion: GatedFusion) -> list[nn.Parameter]:
    """The weights of the gate, which are trained only by `fit_gate`."""
    return [getattr(fusion, name).weight for name in PROJECTIONS]


@torch.no_grad()
def averages(
    model: UMIE,
    items: Sequence[Spelled],
    collate: Callable[[Sequence[Spelled]], Prompts],
    store: VisualFeatureStore,
    generator: random.Random,
) -> Averages | None:
    """The gate's inputs for some of `items`; None if fewer than two have their own picture."""
    seen = generator.sample(items, len(items))
    own = [item for item in seen if item.picture and item.picture.matched][:_MOST_MATCHED]
    other = [item for item in seen if item.picture and not item.picture.matched][:_MOST_UNMATCHED]
    if len(own) < 2:
        return None
    chosen = sorted([*own, *other], key=lambda item: len(item.ids))
    parts = [
        _averages(model, collate(chosen[start : start + _AT_ONCE]), store)
        for start in range(0, len(chosen), _AT_ONCE)
    ]
    return Averages(*(torch.cat(column) for column in zip(*parts, strict=True)))


def fit_gate(fusion: GatedFusion, given: Averages, steps: int) -> Fit:
    """Train the gate's projections from scratch; all other weights are unchanged.

    Every text with its own picture is also paired with another picture of `given`. Uses torch's
    global generator.
    """
    for name in PROJECTIONS:
        getattr(fusion, name).reset_parameters()
    weights = [weight.detach().requires_grad_() for weight in projections(fusion)]  # shares memory
    optimiser = torch.optim.AdamW(weights, lr=_RATE, weight_decay=_DECAY)
    own = torch.nonzero(given.matched)[:, 0]
    other = torch.nonzero(~given.matched)[:, 0]
    for step in range(steps):
        rate = _RATE * min((step + 1) / _WARMUP, 1 - step / steps)
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        with torch.enable_grad():
            _loss(weights, given, own, other).backward()
        optimiser.step()
    return measure(fusion, given)


@torch.no_grad()
def measure(fusion: GatedFusion, given: Averages) -> Fit:
    """Measure how often the gate is open for matching and for other pictures."""
    own = torch.nonzero(given.matched)[:, 0]
    texts, pictures = (
        torch.cat([given.text, given.text[own]]),
        torch.cat([given.visual, given.visual[own.roll(1)]]),
    )
    belong = torch.cat([given.matched, torch.zeros_like(own, dtype=torch.bool)])
    opened = _cosine(projections(fusion), texts, pictures) > 0
    return Fit(float(opened[belong].float().mean()), float(opened[~belong].float().mean()))


def _averages(model: UMIE, batch: Prompts, store: VisualFeatureStore) -> Averages:
    device = model.shared.weight.device
    mask = batch.mask.to(device)
    text = model.encode_text(batch.ids.to(device), mask, batch.cases.to(device))
    weight = mask[..., None].to(text.dtype)
    visual_batch = store.gather(batch.picture_rows)
    visual = model.encode_visual(visual_batch.features.to(device), visual_batch.boxes.to(device))
    return Averages(
        (text * weight).sum(1) / weight.sum(1), visual.mean(1), batch.matched.to(device)
    )


def _loss(weights: Sequence[Tensor], given: Averages, own: Tensor, other: Tensor) -> Tensor:
    pairs = own[torch.randint(len(own), (_PAIRS,))]
    strangers = own[torch.randint(len(own), (_PAIRS,))]
    alien = other[torch.randint(len(other), (_PAIRS,))] if len(other) else other
    good = _cosine(weights, given.text[pairs], given.visual[pairs])
    bad = _cosine(
        weights,
        torch.cat([given.text[pairs], given.text[alien]]),
        torch.cat([given.visual[strangers], given.visual[alien]]),
    )
    bad = bad[torch.cat([pairs != strangers, torch.ones_like(alien, dtype=torch.bool)])]
    return _wrong(good - _MIDDLE, MATCHED - good) + _wrong(_MIDDLE - bad, bad - UNMATCHED)


def _wrong(right: Tensor, lacking: Tensor) -> Tensor:
    """A logistic loss of the sign of the cosines, plus half of their distance to the target."""
    return F.softplus(-_SHARPNESS * right).mean() + 0.5 * F.relu(lacking).mean()


def _cosine(weights: Sequence[Tensor], text: Tensor, visual: Tensor) -> Tensor:
    text_in, text_out, visual_in, visual_out = weights
    p = F.linear(F.linear(text, text_in), text_out)
    q = F.linear(F.linear(visual, visual_in), visual_out)
    return F.cosine_similarity(p, q, dim=-1)
