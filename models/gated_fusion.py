"""The gate that lets the picture into the text (the paper's gated attention; reference 3.4)."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from models.config import UMIEConfig
from models.t5 import Attention, FeedForward, RMSNorm


class Fusion(NamedTuple):
    """gate (B,) and fused text states (B, L, d)."""

    gate: Tensor
    fused: Tensor


class GatedFusion(nn.Module):
    """fused = t + g * h: h is the text after attending to the picture, g how well the two agree."""

    HIDDEN, SIZE = 384, 128  # literals of the published code, not derived from d_model

    def __init__(self, config: UMIEConfig) -> None:
        super().__init__()
        d = config.d_model
        self.pool_all = config.gate_pool == "all"
        self.attention_norm = RMSNorm(d)
        self.attention = Attention(d, config.num_heads, config.d_kv)
        self.feed_forward_norm = RMSNorm(d)
        self.feed_forward = FeedForward(d, config.d_ff, config.feed_forward, config.dropout)
        self.text_in = nn.Linear(d, self.HIDDEN, bias=False)
        self.text_out = nn.Linear(self.HIDDEN, self.SIZE, bias=False)
        self.visual_in = nn.Linear(d, self.HIDDEN, bias=False)
        self.visual_out = nn.Linear(self.HIDDEN, self.SIZE, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def look(self, text: Tensor, visual: Tensor) -> Tensor:
        """h: text (B, L, d) after attending to visual (B, N, d), without any mask -> (B, L, d)."""
        attended = self.attention(self.attention_norm(text), visual)
        u = text + self.dropout(attended)
        return u + self.dropout(self.feed_forward(self.feed_forward_norm(u)))

    def directions(self, text: Tensor, mask: Tensor, visual: Tensor) -> tuple[Tensor, Tensor]:
        """p and q (B, 128) of unit length: where the text and the picture point.

        The published code averages after its projections, which are linear: that is the same.
        """
        weight = mask.new_ones(mask.shape) if self.pool_all else mask
        weight = weight.to(text.dtype)[..., None]  # (B, L, 1)
        said = (text * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True)  # (B, 1, d)
        p = self.text_out(self.text_in(said))[:, 0]
        q = self.visual_out(self.visual_in(visual.mean(1, keepdim=True)))[:, 0]
        return F.normalize(p, eps=1e-12), F.normalize(q, eps=1e-12)

    def gate(self, text: Tensor, mask: Tensor, visual: Tensor) -> Tensor:
        """g (B,) in [-1.65e-4, 1.6488], from text (B, L, d), mask (B, L) and visual (B, N, d)."""
        p, q = self.directions(text, mask, visual)
        agreement = (p * q).sum(-1) * math.exp(0.5)
        # the published code applies the activation twice
        return F.leaky_relu(F.leaky_relu(agreement))

    def forward(self, text: Tensor, mask: Tensor, visual: Tensor, present: Tensor) -> Fusion:
        """Fuse a batch.

        Args:
            text: (B, L, d) text encoder output.
            mask: (B, L) 1 real, 0 padding.
            visual: (B, N, d) visual states.
            present: (B,) 1 where there is a picture; 0 closes the gate.
        """
        gate = self.gate(text, mask, visual) * present.to(text.dtype)
        return Fusion(gate, text + gate[:, None, None] * self.look(text, visual))
