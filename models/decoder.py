"""T5's decoder with the cross-attention keys and values given from outside (reference 3.5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn

from models.config import UMIEConfig
from models.t5 import Attention, FeedForward, RelativeBias, RMSNorm, padding_bias


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

    def finish(self, x: Tensor, attended: Tensor, cross: Tensor, cross_bias: Tensor) -> Tensor:
        """What follows self-attention.

        Args:
            x: (B, T, d) the block's input.
            attended: (B, T, d) output of its self-attention.
            cross: (2, B, H, L, k) cross-attention keys and values.
            cross_bias: (B, 1, 1, L).
        """
        x = x + self.dropout(attended)
        mixed = self.cross_attention.attend(self.cross_norm(x), cross[0], cross[1], cross_bias)
        x = x + self.dropout(mixed)
        return x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))


class Cache:
    """Self-attention keys and values of B slots, preallocated for T steps: (D, B, H, T, k) each."""

    def __init__(self, config: UMIEConfig, slots: int, steps: int, *, device: torch.device) -> None:
        shape = (config.num_decoder_layers, slots, config.num_heads, steps, config.d_kv)
        self.keys = torch.zeros(shape, device=device)
        self.values = torch.zeros(shape, device=device)

    @property
    def steps(self) -> int:
        """How many steps a slot can hold."""
        return self.keys.shape[3]

    def grow(self) -> None:
        """Make room for twice as many steps."""
        self.keys = torch.cat([self.keys, torch.zeros_like(self.keys)], dim=3)
        self.values = torch.cat([self.values, torch.zeros_like(self.values)], dim=3)

    def keep(self, slots: list[int]) -> None:
        """Drop all slots but these."""
        self.keys, self.values = self.keys[:, slots], self.values[:, slots]


class Decoder(nn.Module):
    """Embedded target prefixes to states; `project` makes what the cross-attention reads."""

    def __init__(self, config: UMIEConfig) -> None:
        super().__init__()
        self.bias = RelativeBias(
            config.relative_attention_num_buckets, config.num_heads, bidirectional=False
        )
        self.blocks = nn.ModuleList(DecoderBlock(config) for _ in range(config.num_decoder_layers))
        self.norm = RMSNorm(config.d_model)
        self.dropout = nn.Dropout(config.dropout)

    def project(self, fused: Tensor) -> Tensor:
        """Every layer's cross-attention keys and values: (B, L, d) -> (D, 2, B, H, L, k)."""
        pairs = [block.cross_attention.keys_values(fused) for block in self._each()]
        return torch.stack([torch.stack(pair) for pair in pairs])

    def forward(self, x: Tensor, cross: Tensor, mask: Tensor) -> Tensor:
        """Whole prefixes at once, as in training.

        Args:
            x: (B, T, d) embedded prefixes.
            cross: (D, 2, B, H, L, k) from `project`.
            mask: (B, L) 1 real, 0 padding of the text.

        Returns:
            (B, T, d) states after the final norm.
        """
        places = torch.arange(x.shape[1], device=x.device)
        lowest = torch.finfo(torch.float32).min
        future = torch.full((len(places), len(places)), lowest, device=x.device).triu(1)
        bias = self.bias(places, places)[None] + future  # (1, H, T, T)
        cross_bias = padding_bias(mask)
        x = self.dropout(x)
        for block, layer in zip(self._each(), cross, strict=True):
            normed = block.self_norm(x)
            attended = block.self_attention(normed, normed, bias)
            x = block.finish(x, attended, layer, cross_bias)
        return self.dropout(self.norm(x))

    def step(
        self, x: Tensor, places: Tensor, cache: Cache, cross: Tensor, cross_bias: Tensor
    ) -> Tensor:
        """One step of every slot; slots may stand at different places.

        Args:
            x: (B, d) embedded last tokens.
            places: (B,) each slot's step number, from 0.
            cache: keys and values of earlier steps; gains this one.
            cross: (D, 2, B, H, L, k).
            cross_bias: (B, 1, 1, L) from `padding_bias`.

        Returns:
            (B, d) states after the final norm.
        """
        steps = int(places.max()) + 1
        keys_at = torch.arange(steps, device=x.device)
        bias = self.bias(places[:, None], keys_at.expand(len(places), -1))  # (B, H, 1, T)
        unseen = keys_at[None] > places[:, None]  # (B, T)
        bias = bias.masked_fill(unseen[:, None, None], torch.finfo(torch.float32).min)
        slots = torch.arange(len(places), device=x.device)
        x = x[:, None]  # (B, 1, d)
        for index, block in enumerate(self._each()):
            normed = block.self_norm(x)
            keys, values = block.self_attention.keys_values(normed)  # (B, H, 1, k)
            cache.keys[index, slots, :, places] = keys[:, :, 0]
            cache.values[index, slots, :, places] = values[:, :, 0]
            past_keys = cache.keys[index, : len(places), :, :steps]
            past_values = cache.values[index, : len(places), :, :steps]
            attended = block.self_attention.attend(normed, past_keys, past_values, bias)
            x = block.finish(x, attended, cross[index], cross_bias)
        return self.norm(x)[:, 0]

    def _each(self) -> Iterator[DecoderBlock]:
        return cast("Iterator[DecoderBlock]", iter(self.blocks))
