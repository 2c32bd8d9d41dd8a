"""UMIE: text encoder, visual embedding, gated fusion and decoder put together (paper figure 2)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.config import UMIEConfig
from models.gated_fusion import Fusion, GatedFusion
from models.minilm import MiniLMEncoder
from models.mpnet import MPNetEncoder
from models.t5 import EncoderStack, initialise
from models.target_decoder import TargetDecoder
from models.visual_embedding import VisualEmbedding


class Memory(NamedTuple):
    """The decoder's input from the encoder, for one batch.

    gate (B,), cross (D, 2, B, H, L, k) cross-attention keys and values, copy_keys (B, 36 + L, c),
    those of the copy head and behind them what the span scorer reads, or None without a copy head.
    """

    gate: Tensor
    cross: Tensor
    copy_keys: Tensor | None


class UMIE(TargetDecoder):
    """The whole network but for the visual tower, whose rows come in as features."""

    def __init__(self, config: UMIEConfig) -> None:
        super().__init__(config)
        self.text_encoder = _text_encoder(config)
        self.visual_embedding = VisualEmbedding(config)
        self.gated_fusion = GatedFusion(config)
        initialise(self, config.d_model, config.d_kv, config.d_ff)

    def encode_text(self, ids: Tensor, mask: Tensor, cases: Tensor) -> Tensor:
        """t (B, L, d) of ids, mask and cases (B, L)."""
        embedded = self.shared(ids)
        if isinstance(self.text_encoder, MPNetEncoder):
            return self.text_encoder(ids, embedded, mask, cases)
        if isinstance(self.text_encoder, MiniLMEncoder):
            return self.text_encoder(embedded, mask, cases)
        return self.text_encoder(embedded, mask)

    def encode_visual(self, features: Tensor, boxes: Tensor) -> Tensor:
        """v (B, 37, d) of feature rows (B, 37, 512) and boxes (B, 37, 4)."""
        return self.visual_embedding(features, boxes, self.shared.weight)

    def remember(
        self, fusion: Fusion, visual: Tensor, cross_weight: Tensor | None = None
    ) -> Memory:
        """Project a fusion (B, L, d) and its visual states (B, 37, d) for the decoder.

        `cross_weight` as `Decoder.project` takes it.
        """
        keys = self.copy_head.keys(fusion.fused, visual) if self.copy_head is not None else None
        if keys is not None and self.span_scorer is not None:
            keys = torch.cat([keys, self.span_scorer.memory(fusion.fused, visual)], dim=-1)
        return Memory(fusion.gate, self.decoder.project(fusion.fused, cross_weight), keys)


def _text_encoder(config: UMIEConfig) -> nn.Module:
    if config.text_encoder == "minilm":
        return MiniLMEncoder(config)
    if config.text_encoder == "mpnet":
        return MPNetEncoder(config)
    return EncoderStack(
        config.num_layers,
        config.d_model,
        config.num_heads,
        config.d_kv,
        config.d_ff,
        config.feed_forward,
        config.relative_attention_num_buckets,
        config.dropout,
    )
