"""Opening the gate before training.

The gate is a leaky ReLU of a cosine that is nearly the same for every input of an untrained
network, as likely negative as positive. Where it is negative the gate is shut and its slope is
1e-4: it stays shut, and the decoder never sees a picture.
"""

from __future__ import annotations

import torch
from torch import Tensor

from models.umie import UMIE
from training.text.loss import Sights

WANTED = 0.1
"""Cosine to begin with: a gate of 0.16, open enough to learn, too little to drown the text."""

_QUIET = 0.1


@torch.no_grad()
def open_gate(model: UMIE, ids: Tensor, mask: Tensor, cases: Tensor, sights: Sights) -> float:
    """Where the mean cosine of a batch is not positive, make it about `WANTED`; the cosine before.

    Signs of visual projections are turned, largest disagreement first, and what the fusion adds to
    the text is made a tenth of its initial size.

    Args:
        model: changed in place.
        ids, mask, cases: (B, L) prompts.
        sights: their B pictures.
    """
    fusion = model.gated_fusion
    text = model.encode_text(ids, mask, cases)
    p, q = fusion.directions(text, mask, model.encode_visual(sights.features, sights.boxes))
    agreement = (p * q).mean(0)  # (128,) its sum is the mean cosine
    before = float(agreement.sum())
    if before > 0:
        return before
    total = before
    for index in agreement.argsort().tolist():
        if total >= WANTED:
            break
        total -= 2 * float(agreement[index])
        fusion.visual_out.weight[index] *= -1
    fusion.attention.o.weight *= _QUIET
    fusion.feed_forward.wo.weight *= _QUIET
    return before
