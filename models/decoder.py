"""T5's decoder with the cross-attention keys and values given from outside (reference 3.5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.config import UMIEConfig
from models.layout import Layout
from models.t5 import Attention, FeedForward, RelativeBias, RMSNorm, mix, padding_bias


class DecoderBlock(nn.Module):
    """Causal self-attention, cross-attention, feed-forward, each x + Sub(norm(x))."""

    def __init__(self, config: UMIEConfig) -> None:
        super().__init__()
        d, heads, d_kv = config.d_model, config.num_heads, config.d_kv
        self.self_norm = RMSNorm(d)
        self.self_attention = Attention(d, heads, d_kv)
        self.cross_norm = RMSNorm(d)
        self.cross_attention = Attention(d, heads, d_kv)
        self.feed_forward_norm = RMSNorm(d)
        self.feed_forward = FeedForward(d, config.d_ff, config.feed_forward, config.dropout)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, bias: Tensor, cross: Tensor, cross_bias: Tensor) -> Tensor:
        """Whole prefixes at once.

        Args:
            x: (B, T, d).
            bias: (1, H, T, T) of self-attention, causal mask included.
            cross: (2, B, H, L, k) cross-attention keys and values.
            cross_bias: (B, 1, 1, L).
        """
        normed = self.self_norm(x)
        x = x + self.dropout(self.self_attention(normed, normed, bias))
        mixed = self.cross_attention.attend(self.cross_norm(x), cross[0], cross[1], cross_bias)
        x = x + self.dropout(mixed)
        return x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))


class Cache:
    """Self-attention keys and values of some slots, preallocated for T steps: (D, B, H, T, k) each.

    A slot's steps are written before they are read, so it can be taken over as it is. `bias`
    (H, T, T) is the attention bias of every step, causal mask included.
    """

    def __init__(self, shape: Sequence[int], bias: Tensor, dtype: torch.dtype) -> None:
        # zeros, not uninitialised memory: masked values must still be finite
        self.keys = torch.zeros(shape, device=bias.device, dtype=dtype)
        self.values = torch.zeros(shape, device=bias.device, dtype=dtype)
        self.bias = bias

    def write(self, block: int, layout: Layout, keys: Tensor, values: Tensor) -> None:
        """Put the keys and values (T, H * k) of a step's tokens where they belong."""
        at = block, layout.slot, slice(None), layout.place
        size = self.keys.shape[-1]
        self.keys[at] = keys.unflatten(-1, (-1, size))
        self.values[at] = values.unflatten(-1, (-1, size))

    def read(self, block: int, layout: Layout) -> tuple[Tensor, Tensor]:
        """The keys and values (B, H, steps, k) that a step's tokens may attend to."""
        at = block, slice(len(layout.token)), slice(None), slice(layout.steps)
        return self.keys[at], self.values[at]

    def keep(self, slots: list[int]) -> None:
        """Go on with these slots only, in this order; one can be kept twice."""
        self.keys, self.values = self.keys[:, slots], self.values[:, slots]

    def move(self, source: int, target: int, steps: int) -> None:
        """Copy a slot's first `steps` steps to another slot."""
        for part in (self.keys, self.values):
            part[:, target, :, :steps] = part[:, source, :, :steps]

    def wipe(self, slot: int, steps: int) -> None:
        """Zero a slot's first `steps` steps, which may hold NaN."""
        for part in (self.keys, self.values):
            part[:, slot, :, :steps] = 0.0


class Decoder(nn.Module):
    """Embedded target prefixes to states; `project` computes cross-attention keys and values."""

    def __init__(self, config: UMIEConfig) -> None:
        super().__init__()
        self.bias = RelativeBias(
            config.relative_attention_num_buckets, config.num_heads, bidirectional=False
        )
        self.blocks = nn.ModuleList(DecoderBlock(config) for _ in range(config.num_decoder_layers))
        self.norm = RMSNorm(config.d_model)
        self.dropout = nn.Dropout(config.dropout)

    def cross_weight(self) -> Tensor:
        """(D * 2 * H * k, d): the projection to all layers' cross-attention keys and values."""
        readers = [block.cross_attention for block in self._each()]
        return torch.cat([part.weight for reader in readers for part in (reader.k, reader.v)])

    def project(self, fused: Tensor, weight: Tensor | None = None) -> Tensor:
        """Every layer's cross-attention keys and values: (B, L, d) -> (D, 2, B, H, L, k).

        `weight` is that of `cross_weight`, where it is at hand.
        """
        reader = next(self._each()).cross_attention
        shape = len(self.blocks), 2, reader.heads, reader.d_kv
        pairs = F.linear(fused, self.cross_weight() if weight is None else weight)
        return pairs.unflatten(-1, shape).permute(2, 3, 0, 4, 1, 5)

    def forward(self, x: Tensor, cross: Tensor, mask: Tensor) -> Tensor:
        """Whole prefixes at once, as in training.

        Args:
            x: (B, T, d) embedded prefixes.
            cross: (D, 2, B, H, L, k) from `project`.
            mask: (B, L) 1 real, 0 padding of the text.

        Returns:
            (B, T, d) states after the final norm.
        """
        bias = self._causal_bias(x.shape[1], x.device)[None]  # (1, H, T, T)
        cross_bias = padding_bias(mask)
        x = self.dropout(x)
        for block, layer in zip(self._each(), cross, strict=True):
            x = block(x, bias, layer, cross_bias)
        return self.dropout(self.norm(x))

    def cache(self, slots: int, steps: int) -> Cache:
        """An empty cache for so many slots and steps, where the weights are and of their type."""
        attention = next(self._each()).self_attention
        weight = attention.q.weight
        shape = (len(self.blocks), slots, attention.heads, steps, attention.d_kv)
        return Cache(shape, self._causal_bias(steps, weight.device), weight.dtype)

    def step(
        self, x: Tensor, layout: Layout, cache: Cache, cross: Tensor, cross_bias: Tensor
    ) -> Tensor:
        """Advance every slot by one or more tokens; slots may be at different steps.

        Args:
            x: (T, d) embedded tokens.
            layout: their slots and steps, in B slots from the first on.
            cache: keys and values of at least B slots; gains those of `x`.
            cross: (D, 2, B, H, L, k).
            cross_bias: (B, 1, 1, L) from `padding_bias`.

        Returns:
            (T, d) states after the final norm.
        """
        places = layout.spread(layout.place)  # (B, Q)
        bias = cache.bias[:, places, : layout.steps].transpose(0, 1)  # (B, H, Q, steps)
        for index, block in enumerate(self._each()):
            normed = block.self_norm(x)
            attention = block.self_attention
            cache.write(index, layout, attention.k(normed), attention.v(normed))
            keys, values = cache.read(index, layout)
            x = x + _attend(attention, normed, layout, keys, values, bias)
            normed = block.cross_norm(x)
            keys, values = cross[index]
            x = x + _attend(block.cross_attention, normed, layout, keys, values, cross_bias)
            x = x + block.feed_forward(block.feed_forward_norm(x))
        return self.norm(x)

    def _causal_bias(self, steps: int, device: torch.device) -> Tensor:
        """Relative bias and causal mask (H, T, T)."""
        places = torch.arange(steps, device=device)
        lowest = torch.finfo(torch.float32).min
        future = torch.full((steps, steps), lowest, device=device).triu(1)
        return self.bias(places, places) + future

    def _each(self) -> Iterator[DecoderBlock]:
        return cast("Iterator[DecoderBlock]", iter(self.blocks))


def _attend(
    attention: Attention, x: Tensor, layout: Layout, keys: Tensor, values: Tensor, bias: Tensor
) -> Tensor:
    """`Attention.attend` for tokens laid end to end: x (T, d), keys (B, H, K, k) -> (T, d)."""
    query = attention.split(layout.spread(attention.q(x)))  # (B, H, Q, k)
    return attention.o(layout.gather(mix(query, keys, values, bias)))
