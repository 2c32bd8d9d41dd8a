"""The visual encoder's second half: feature rows and boxes to visual states (reference 3.3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.config import VISUAL_WIDTH, UMIEConfig
from models.t5 import EncoderStack, RMSNorm


class VisualEmbedding(nn.Module):
    """Projects feature rows and boxes, adds order vectors, mixes the rows in two blocks.

    The order vector of row i is row V-1-i of the token embeddings, which share their last rows.
    Blocks run without any mask: rows of zeros take part, as in the published code.
    """

    BLOCKS = 2

    def __init__(self, config: UMIEConfig) -> None:
        super().__init__()
        d = config.d_model
        self.feature = nn.Linear(VISUAL_WIDTH, d)
        self.feature_norm = RMSNorm(d)
        self.position = nn.Linear(5, d)
        self.position_norm = RMSNorm(d)
        self.image_order = nn.Embedding(2, d)
        self.stack = EncoderStack(
            self.BLOCKS,
            d,
            config.num_heads,
            config.d_kv,
            config.d_ff,
            config.feed_forward,
            config.relative_attention_num_buckets,
            config.dropout,
        )

    def embed(self, features: Tensor, boxes: Tensor, tokens: Tensor) -> Tensor:
        """Rows before the blocks.

        Args:
            features: (B, N, 512), row 0 the whole picture.
            boxes: (B, N, 4) x1, y1, x2, y2.
            tokens: (V, d) token embeddings.

        Returns:
            (B, N, d)
        """
        area = (boxes[..., 3] - boxes[..., 1]) * (boxes[..., 2] - boxes[..., 0])
        places = torch.cat([boxes, area[..., None]], dim=-1)  # (B, N, 5)
        rows = features.shape[1]
        order = tokens[tokens.shape[0] - rows :].flip(0)  # (N, d)
        seen = self.feature_norm(self.feature(features)) + self.position_norm(self.position(places))
        return seen + self.image_order.weight[0] + order

    def forward(self, features: Tensor, boxes: Tensor, tokens: Tensor) -> Tensor:
        """Visual states v (B, N, d); arguments as in `embed`."""
        return self.stack(self.embed(features, boxes, tokens))
