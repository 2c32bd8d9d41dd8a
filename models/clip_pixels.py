"""A picture and parts of it as the input of the CLIP tower."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.clip_config import ClipTowerConfig


def crops_from_image(
    image: Image.Image, boxes: NDArray[np.float32], config: ClipTowerConfig | None = None
) -> NDArray[np.float32]:
    """Normalised crops (1 + R, 3, size, size), float32: the whole picture, then each of the boxes.

    Each is resized as a picture of its own, bicubic and without keeping its aspect ratio, as the
    published preprocessing does with whole pictures (reference 11.1; how it cropped is unknown).

    Args:
        image: a picture of any size and mode.
        boxes: (R, 4) x1, y1, x2, y2 as fractions of width and height; widened to whole pixels.
        config: the tower's.
    """
    config = config or ClipTowerConfig()
    rgb = image.convert("RGB")
    parts = [rgb, *(rgb.crop(_whole_pixels(box, rgb.width, rgb.height)) for box in boxes)]
    size = (config.image_size, config.image_size)
    scaled = [part.resize(size, Image.Resampling.BICUBIC) for part in parts]
    values = np.stack([np.asarray(part, dtype=np.float32) for part in scaled]) / 255.0
    mean = np.asarray(config.mean, dtype=np.float32)
    std = np.asarray(config.std, dtype=np.float32)
    return np.ascontiguousarray(((values - mean) / std).transpose(0, 3, 1, 2))


def _whole_pixels(box: NDArray[np.float32], width: int, height: int) -> tuple[int, int, int, int]:
    x1, y1, x2, y2 = (float(side) for side in box)
    left, right = _widened(x1, x2, width)
    top, bottom = _widened(y1, y2, height)
    return left, top, right, bottom


def _widened(low: float, high: float, length: int) -> tuple[int, int]:
    # fractions are float32: a side at a pixel's edge may come back a little beyond it
    slack = 1e-6 * length
    first = min(max(math.floor(low * length + slack), 0), length - 1)
    stop = min(math.ceil(high * length - slack), length)
    return first, max(stop, first + 1)
