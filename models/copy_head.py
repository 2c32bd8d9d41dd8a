"""The copy head: a pointer network whose scores are added to the LM head's logits."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.config import VISUAL_ROWS, UMIEConfig


class CopyHead(nn.Module):
    """Keys for every source position and every region, queries for every decoder state.

    A symbol's score is its LM logit plus query . key of the place it copies from, so mentions that
    occur twice are told apart and labels are read where the schema lists them.
    """

    def __init__(self, config: UMIEConfig) -> None:
        super().__init__()
        self.size = config.copy_size
        self.query = nn.Linear(config.d_model, self.size)
        self.text_key = nn.Linear(config.d_model, self.size, bias=False)
        self.region_key = nn.Linear(config.d_model, self.size, bias=False)

    def keys(self, fused: Tensor, visual: Tensor) -> Tensor:
        """fused (B, L, d), visual (B, 37, d) -> (B, 36 + L, c), regions O1..O36 first."""
        regions = self.region_key(visual[:, 1:VISUAL_ROWS])
        return torch.cat([regions, self.text_key(fused)], dim=1) * self.size**-0.5
