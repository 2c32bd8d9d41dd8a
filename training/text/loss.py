"""Training losses over decisions among admitted symbols, or over whole targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from models.candidates import Candidates, candidate_logits, vocabulary_logits
from models.config import VISUAL_ROWS
from models.gated_fusion import Fusion
from models.target_decoder import TargetDecoder
from models.umie import UMIE, Memory
from training.text.collation import IGNORED, Batch, Prompts, SpelledBatch

Score = Callable[[TargetDecoder, Tensor, Tensor | None, Candidates], Tensor]
"""`candidate_logits` or `option_logits`."""


class VisualBatch(NamedTuple):
    """Visual input of the P rows with a picture: features (P, 37, 512) and boxes (P, 37, 4)."""

    features: Tensor
    boxes: Tensor


class Outcome(NamedTuple):
    """The loss, the number of correct decisions and the number of decisions.

    If known, kinds (S,) of the decisions and hits (S,): whether each is correct.
    """

    loss: Tensor
    right: Tensor
    decisions: int
    kinds: Tensor | None = None
    hits: Tensor | None = None


def decision_loss(model: UMIE, batch: Batch, visual_batch: VisualBatch) -> Outcome:
    """Cross-entropy of every decision among its admitted symbols, as in constrained decoding.

    The mean over decisions is weighted.
    """
    logits = decision_logits(model, batch, visual_batch)
    wanted = logits.masked_fill(~batch.right, -torch.inf)
    losses = logits.logsumexp(-1) - wanted.logsumexp(-1)
    hits = batch.right.gather(1, logits.argmax(-1, keepdim=True))[:, 0]
    loss = (losses * batch.weight).sum() / batch.weight.sum()
    contexts = batch.candidates.contexts
    kinds = contexts.kind if contexts is not None else None
    return Outcome(loss, hits.sum(), len(batch.at), kinds, hits)


def decision_logits(
    model: UMIE, batch: Batch, visual_batch: VisualBatch, score: Score = candidate_logits
) -> Tensor:
    """Logits (S, width) of the admitted symbols of every decision, with teacher forcing."""
    memory = _memory(model, batch, visual_batch)
    mask = batch.mask[batch.rows]  # (B, L)
    states = model.decoder(model.embed(batch.prefix), memory.cross, mask)  # (B, T, d)
    decided = states[batch.at[:, 0], batch.at[:, 1]]  # (S, d)
    return score(model, decided, memory.copy_keys, batch.candidates)


def spelling_loss(model: UMIE, batch: SpelledBatch, visual_batch: VisualBatch) -> Outcome:
    """Cross-entropy of every token among the whole vocabulary, as the published code trains.

    For weights without a copy head, which are decoded without a grammar. Every token counts as a
    decision.
    """
    memory = _memory(model, batch, visual_batch)
    mask = batch.mask[batch.rows]  # (B, L)
    states = model.decoder(model.embed(batch.prefix), memory.cross, mask)  # (B, T, d)
    there = batch.labels != IGNORED
    labels = batch.labels[there]  # (S,)
    logits = vocabulary_logits(model, states[there])  # (S, V)
    loss = torch.nn.functional.cross_entropy(logits, labels)
    return Outcome(loss, (logits.argmax(-1) == labels).sum(), len(labels))


def _memory(model: UMIE, batch: Prompts, visual_batch: VisualBatch) -> Memory:
    """Encoder memory of every example, as in the service; each prompt is encoded once.

    Without pictures, the visual encoder is skipped.
    """
    text = model.encode_text(batch.ids, batch.mask, batch.cases)
    rows = torch.nonzero(batch.picture_rows >= 0)[:, 0]
    gate, fused = text.new_zeros(len(text)), text
    visual = text.new_zeros(len(text), VISUAL_ROWS, text.shape[-1])
    if len(rows):
        seen = model.encode_visual(visual_batch.features, visual_batch.boxes)
        present = torch.ones_like(rows)
        some = model.gated_fusion(text[rows], batch.mask[rows], seen, present)
        gate = gate.index_put((rows,), some.gate.to(gate.dtype))
        fused = text.index_put((rows,), some.fused.to(text.dtype))
        visual = visual.index_put((rows,), seen.to(visual.dtype))
    memory = model.remember(Fusion(gate, fused), visual)
    if len(batch.rows) == len(batch.ids):
        return memory
    keys = None if memory.copy_keys is None else memory.copy_keys[batch.rows]
    return Memory(memory.gate[batch.rows], memory.cross[:, :, batch.rows], keys)
