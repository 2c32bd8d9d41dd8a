"""The shape of the CLIP visual tower."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from models.config import VISUAL_WIDTH


@dataclass(frozen=True)
class ClipTowerConfig:
    """What :class:`models.clip_tower.ClipTower` is made of.

    architecture: timm's name of a CLIP ResNet; mean and std normalise RGB values in 0..1.
    positional: whether the attention pool adds its learned positional embedding. The published
    wrapper lost it and left zeros in its place (reference 11.1), so that features made with it know
    nothing of where in the crop something is; "zero" computes these.
    """

    architecture: str = "resnet101_clip"
    image_size: int = 224
    mean: tuple[float, float, float] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, float, float] = (0.26862954, 0.26130258, 0.27577711)
    feature_dim: int = VISUAL_WIDTH
    positional: Literal["learned", "zero"] = "learned"

    def __post_init__(self) -> None:
        """Raises ValueError where `positional` is neither."""
        if self.positional not in ("learned", "zero"):
            raise ValueError(
                f"the positional embedding is learned or zero, not {self.positional!r}"
            )
