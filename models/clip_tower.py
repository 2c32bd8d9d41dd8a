"""The CLIP visual tower: feature rows of externally proposed crops."""

from __future__ import annotations

import timm
import torch
from timm.layers.attention_pool2d import AttentionPool2d
from timm.models.byobnet import ByobNet
from torch import Tensor, nn

from models.clip_config import ClipTowerConfig


class ClipTower(nn.Module):
    """The image encoder of a CLIP ResNet (Radford et al., 2021), as the published features have it.

    A row is the encoder's pooled output: attention over the last stage's grid with its mean as the
    query, projected into the space that CLIP compares texts in (reference 11.1). It is not
    normalised to length one. timm holds the architecture.
    """

    def __init__(self, config: ClipTowerConfig) -> None:
        """Raises ValueError where the architecture is not a CLIP ResNet that timm knows."""
        super().__init__()
        # other names, addresses of hubs among them, make timm search outside its own registry
        if not (timm.is_model(config.architecture) and config.architecture.endswith("_clip")):
            raise ValueError(f"{config.architecture!r} is no CLIP ResNet that timm has")
        self.config = config
        network = timm.create_model(
            config.architecture, num_classes=config.feature_dim, img_size=config.image_size
        )
        pool: object = getattr(network, "head", None)
        if not isinstance(network, ByobNet) or not isinstance(pool, AttentionPool2d):
            raise ValueError(f"{config.architecture} is no CLIP ResNet: it has no attention pool")
        if config.positional == "zero":
            _forget_positions(pool)
        self.network = network

    def forward(self, crops: Tensor) -> Tensor:
        """Normalised crops (R, 3, image_size, image_size) -> rows (R, feature_dim), float32."""
        rows: Tensor = self.network(crops)
        return rows.float()


def _forget_positions(pool: AttentionPool2d) -> None:
    """Have `pool` add zeros, which are no weights, in place of its positional embedding."""
    # on the CPU even where the network is made without values
    nothing = torch.zeros(pool.pos_embed.shape, device="cpu")
    del pool.pos_embed
    pool.register_buffer("pos_embed", nothing, persistent=False)
