"""T5's parts as UMIE uses them (reference section 3.1)."""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

MAX_DISTANCE = 128
"""Hard-coded in the published code, which ignores other configured values."""


class RMSNorm(nn.Module):
    """w * x / sqrt(mean(x^2) + 1e-6): no mean subtraction, no bias, variance in fp32."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x: Tensor) -> Tensor:
        """(..., size) -> (..., size)."""
        variance = x.float().pow(2).mean(-1, keepdim=True)
        return self.weight * (x * torch.rsqrt(variance + 1e-6)).to(x.dtype)


def position_bucket(relative: Tensor, *, bidirectional: bool, buckets: int) -> Tensor:
    """Bucket numbers of relative positions key - query, any shape, int64."""
    offset = torch.zeros_like(relative)
    if bidirectional:
        buckets //= 2
        offset = (relative > 0).long() * buckets
        distance = relative.abs()
    else:
        distance = (-relative).clamp(min=0)
    exact = buckets // 2
    # clamp keeps log away from 0; those places take the exact branch anyway
    ratio = distance.clamp(min=1).float() / exact
    far = exact + (torch.log(ratio) / math.log(MAX_DISTANCE / exact) * (buckets - exact)).long()
    return offset + torch.where(distance < exact, distance, far.clamp(max=buckets - 1))


class RelativeBias(nn.Module):
    """The learned attention bias by bucketed distance; one table serves all blocks of a stack."""

    def __init__(self, buckets: int, heads: int, *, bidirectional: bool) -> None:
        super().__init__()
        self.table = nn.Embedding(buckets, heads)
        self.bidirectional = bidirectional

    def forward(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Positions (..., Q) and (..., K) -> bias (..., H, Q, K)."""
        relative = keys[..., None, :] - queries[..., :, None]  # (..., Q, K)
        bucket = position_bucket(
            relative, bidirectional=self.bidirectional, buckets=self.table.num_embeddings
        )
        return self.table(bucket).movedim(-1, -3)


class Attention(nn.Module):
    """softmax(QK^T + bias)V without the 1/sqrt(k) that other Transformers have."""

    def __init__(self, d_model: int, heads: int, d_kv: int) -> None:
        super().__init__()
        self.heads, self.d_kv = heads, d_kv
        inner = heads * d_kv
        self.q = nn.Linear(d_model, inner, bias=False)
        self.k = nn.Linear(d_model, inner, bias=False)
        self.v = nn.Linear(d_model, inner, bias=False)
        self.o = nn.Linear(inner, d_model, bias=False)

    def keys_values(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """(B, K, d) -> keys and values (B, H, K, k)."""
        return self.split(self.k(memory)), self.split(self.v(memory))

    def attend(self, x: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
        """Queries from x (B, Q, d), bias broadcastable to (B, H, Q, K) -> (B, Q, d)."""
        mixed = mix(self.split(self.q(x)), keys, values, bias)
        return self.o(mixed)

    def forward(self, x: Tensor, memory: Tensor, bias: Tensor | None = None) -> Tensor:
        """x (B, Q, d) attends to memory (B, K, d) -> (B, Q, d)."""
        keys, values = self.keys_values(memory)
        return self.attend(x, keys, values, bias)

    def split(self, x: Tensor) -> Tensor:
        """(B, Q, H * k) -> (B, H, Q, k)."""
        return x.unflatten(-1, (self.heads, self.d_kv)).transpose(1, 2)


def mix(query: Tensor, keys: Tensor, values: Tensor, bias: Tensor | None) -> Tensor:
    """Unscaled attention with the softmax in fp32.

    Written out, since at these lengths it is twice as fast on CPU as the fused kernel's backward.

    Args:
        query: (B, H, Q, k).
        keys, values: (B, H, K, k).
        bias: broadcastable to (B, H, Q, K), or None.

    Returns:
        (B, Q, H * k)
    """
    scores = (query @ keys.transpose(-1, -2)).float()  # (B, H, Q, K)
    if bias is not None:
        scores = scores + bias
    mixed = torch.softmax(scores, dim=-1).to(values.dtype) @ values
    return mixed.transpose(1, 2).flatten(2)


class FeedForward(nn.Module):
    """gated-gelu: wo(gelu_tanh(wi_0 x) * wi_1 x); relu: wo(relu(wi x))."""

    def __init__(
        self, d_model: int, d_ff: int, kind: Literal["gated-gelu", "relu"], dropout: float
    ) -> None:
        super().__init__()
        self.gated = kind == "gated-gelu"
        self.wi_0 = nn.Linear(d_model, d_ff, bias=False)
        self.wi_1 = nn.Linear(d_model, d_ff, bias=False) if self.gated else None
        self.wo = nn.Linear(d_ff, d_model, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(..., d) -> (..., d)."""
        if self.wi_1 is None:
            return self.wo(self.dropout(F.relu(self.wi_0(x))))
        return self.wo(self.dropout(F.gelu(self.wi_0(x), approximate="tanh") * self.wi_1(x)))


class EncoderBlock(nn.Module):
    """Self-attention and feed-forward, each x + Sub(norm(x))."""

    def __init__(
        self,
        d_model: int,
        heads: int,
        d_kv: int,
        d_ff: int,
        kind: Literal["gated-gelu", "relu"],
        dropout: float,
    ) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(d_model)
        self.attention = Attention(d_model, heads, d_kv)
        self.feed_forward_norm = RMSNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff, kind, dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """x (B, L, d), bias (B or 1, H, L, L) -> (B, L, d)."""
        normed = self.attention_norm(x)
        x = x + self.dropout(self.attention(normed, normed, bias))
        return x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))


class EncoderStack(nn.Module):
    """Blocks under one bidirectional position bias, then a final norm."""

    def __init__(
        self,
        layers: int,
        d_model: int,
        heads: int,
        d_kv: int,
        d_ff: int,
        kind: Literal["gated-gelu", "relu"],
        buckets: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.bias = RelativeBias(buckets, heads, bidirectional=True)
        self.blocks = nn.ModuleList(
            EncoderBlock(d_model, heads, d_kv, d_ff, kind, dropout) for _ in range(layers)
        )
        self.norm = RMSNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """x (B, L, d), mask (B, L) 1 real 0 padding or None for no mask -> (B, L, d)."""
        places = torch.arange(x.shape[1], device=x.device)
        bias = self.bias(places, places)[None]  # (1, H, L, L)
        if mask is not None:
            bias = bias + padding_bias(mask)
        x = self.dropout(x)
        for block in self.blocks:
            x = block(x, bias)
        return self.dropout(self.norm(x))


def padding_bias(mask: Tensor) -> Tensor:
    """mask (B, K) 1 real 0 padding -> additive bias (B, 1, 1, K)."""
    lowest = torch.finfo(torch.float32).min
    return (1.0 - mask.float())[:, None, None, :] * lowest


def initialise(module: nn.Module, d_model: int, d_kv: int, d_ff: int) -> None:
    """T5's initial weights for every T5 part below `module`; attention has no other scaling."""
    for part in module.modules():
        if isinstance(part, Attention):
            nn.init.normal_(part.q.weight, std=(d_model * d_kv) ** -0.5)
            nn.init.normal_(part.k.weight, std=d_model**-0.5)
            nn.init.normal_(part.v.weight, std=d_model**-0.5)
            nn.init.normal_(part.o.weight, std=(part.heads * d_kv) ** -0.5)
        elif isinstance(part, FeedForward):
            nn.init.normal_(part.wi_0.weight, std=d_model**-0.5)
            if part.wi_1 is not None:
                nn.init.normal_(part.wi_1.weight, std=d_model**-0.5)
            nn.init.normal_(part.wo.weight, std=d_ff**-0.5)
        elif isinstance(part, RelativeBias):
            nn.init.normal_(part.table.weight, std=d_model**-0.5)
