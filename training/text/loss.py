"""Training as decoding: the softmax is taken over the symbols that the grammar admits."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from models.candidates import candidate_logits
from models.config import VISUAL_ROWS
from models.gated_fusion import Fusion
from models.umie import UMIE, Memory
from training.text.batch import Batch


class Sights(NamedTuple):
    """The pictures of the P rows that have one: features (P, 37, 512) and boxes (P, 37, 4)."""

    features: Tensor
    boxes: Tensor


class Outcome(NamedTuple):
    """Mean weighted loss over decisions, how many were right and how many there were."""

    loss: Tensor
    right: Tensor
    decisions: int


def decision_loss(model: UMIE, batch: Batch, sights: Sights) -> Outcome:
    """Cross-entropy of every decision of the batch among its admitted symbols."""
    memory = _memory(model, batch, sights)
    states = model.decoder(model.shared(batch.prefix), memory.cross, batch.mask)  # (B, T, d)
    decided = states[batch.at[:, 0], batch.at[:, 1]]  # (S, d)
    logits = candidate_logits(model, decided, memory.copy_keys, batch.candidates)
    losses = torch.nn.functional.cross_entropy(logits, batch.said, reduction="none")
    right = (logits.argmax(-1) == batch.said).sum()
    return Outcome((losses * batch.weight).sum() / batch.weight.sum(), right, len(batch.said))


def _memory(model: UMIE, batch: Batch, sights: Sights) -> Memory:
    """As the service computes it, but pictures are encoded and fused only where there are any."""
    text = model.encode_text(batch.ids, batch.mask, batch.cases)
    rows = torch.nonzero(batch.sight >= 0)[:, 0]
    gate, fused = text.new_zeros(len(text)), text
    visual = text.new_zeros(len(text), VISUAL_ROWS, text.shape[-1])
    if len(rows):
        seen = model.encode_visual(sights.features, sights.boxes)
        present = torch.ones_like(rows)
        some = model.gated_fusion(text[rows], batch.mask[rows], seen, present)
        gate = gate.index_put((rows,), some.gate.to(gate.dtype))
        fused = text.index_put((rows,), some.fused.to(text.dtype))
        visual = visual.index_put((rows,), seen.to(visual.dtype))
    return model.remember(Fusion(gate, fused), visual)
