"""A picture as the input of the visual tower."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.tower_config import TowerConfig


def squash(image: Image.Image, size: int = TowerConfig.image_size) -> Image.Image:
    """The picture in RGB, resized to ``size`` x ``size`` without keeping its aspect ratio."""
    rgb = image.convert("RGB")
    if rgb.size == (size, size):
        return rgb
    return rgb.resize((size, size), Image.Resampling.BILINEAR)


def pixels_from_image(image: Image.Image, config: TowerConfig | None = None) -> NDArray[np.float32]:
    """Normalised pixels (3, size, size), float32, of a picture of any size and mode.

    The picture is squashed: boxes in 0..1 of the result are boxes in 0..1 of the picture.
    """
    config = config or TowerConfig()
    values = np.asarray(squash(image, config.image_size), dtype=np.float32) / 255.0
    mean = np.asarray(config.mean, dtype=np.float32)
    std = np.asarray(config.std, dtype=np.float32)
    return np.ascontiguousarray(((values - mean) / std).transpose(2, 0, 1))
