"""Random crops, flips and colour changes of a batch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SMALLEST_CROP = 0.65
LARGEST_CROP = 1.1
ASPECT_JITTER = 0.12
LEAST_VISIBLE = 0.35
SMALLEST_SIDE = 0.015
GREY_SHARE = 0.15
COLOUR_JITTER = 0.35


def augment(
    images: Tensor, boxes: Tensor, size: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """A random crop, flip and colour change of every picture.

    Args:
        images: (B, S, S, 3) uint8.
        boxes: (B, M, 4) xyxy in 0..1, zeros where padded.
        size: side of the pictures returned.
        generator: source of the randomness, on the CPU.

    Returns:
        RGB (B, 3, size, size) in 0..1 and the boxes in the crops, zeros if too little of a box
        is visible.
    """
    count = len(images)
    scale = _uniform(generator, (count, 1), SMALLEST_CROP, LARGEST_CROP)
    scale = scale * _uniform(generator, (count, 2), 1 - ASPECT_JITTER, 1 + ASPECT_JITTER)
    scale = scale.clamp(max=LARGEST_CROP)  # (B, 2), sides of the crop
    offset = torch.rand(count, 2, generator=generator) * (1 - scale)  # (B, 2), corner of the crop
    flip = torch.rand(count, generator=generator) < 0.5
    pixels = images.permute(0, 3, 1, 2).float() / 255  # (B, 3, S, S)
    pixels = crop(pixels, offset, scale, flip, size)
    return colours(pixels, generator), crop_boxes(boxes, offset, scale, flip)


def crop(pixels: Tensor, offset: Tensor, scale: Tensor, flip: Tensor, size: int) -> Tensor:
    """The windows ``offset .. offset + scale`` (B, 2 each) of pictures, resized to ``size``."""
    sign = torch.where(flip, -1.0, 1.0)
    theta = torch.zeros(len(pixels), 2, 3)
    theta[:, 0, 0] = scale[:, 0] * sign
    theta[:, 1, 1] = scale[:, 1]
    theta[:, :, 2] = 2 * offset + scale - 1
    grid = functional.affine_grid(theta, [len(pixels), 3, size, size], align_corners=False)
    return functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)


def crop_boxes(boxes: Tensor, offset: Tensor, scale: Tensor, flip: Tensor) -> Tensor:
    """Boxes (B, M, 4) relative to the windows; zeros if too little is visible."""
    lower = (boxes[..., :2] - offset[:, None]) / scale[:, None]
    upper = (boxes[..., 2:] - offset[:, None]) / scale[:, None]
    moved = torch.cat([lower, upper], dim=-1)  # (B, M, 4)
    mirrored = torch.stack(
        [1 - moved[..., 2], moved[..., 1], 1 - moved[..., 0], moved[..., 3]], dim=-1
    )
    moved = torch.where(flip[:, None, None], mirrored, moved)
    clipped = moved.clamp(0, 1)
    sides = clipped[..., 2:] - clipped[..., :2]
    visible = sides.prod(-1) / (moved[..., 2:] - moved[..., :2]).prod(-1).clamp(min=1e-9)
    keep = (visible > LEAST_VISIBLE) & (sides.amin(-1) > SMALLEST_SIDE)
    return clipped * keep[..., None]


def colours(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Random saturation, contrast and brightness; some pictures turn grey."""
    count = (len(pixels), 1, 1, 1)
    low, high = 1 - COLOUR_JITTER, 1 + COLOUR_JITTER
    saturation = _uniform(generator, count, low, high)
    saturation = torch.where(torch.rand(count, generator=generator) < GREY_SHARE, 0.0, saturation)
    contrast = _uniform(generator, count, low, high)
    brightness = _uniform(generator, count, low, high)
    grey = pixels.mean(1, keepdim=True)
    pixels = grey + (pixels - grey) * saturation
    level = pixels.mean((1, 2, 3), keepdim=True)
    pixels = (level + (pixels - level) * contrast) * brightness
    return pixels.clamp(0, 1)


def jitter_boxes(boxes: Tensor, generator: torch.Generator, share: float = 0.1) -> Tensor:
    """Boxes (..., 4) whose edges move by up to ``share`` of the box's sides."""
    sides = boxes[..., 2:] - boxes[..., :2]
    noise = _uniform(generator, boxes.shape, -share, share).to(boxes.device)
    return (boxes + noise * torch.cat([sides, sides], dim=-1)).clamp(0, 1)


def _uniform(generator: torch.Generator, shape: tuple[int, ...], low: float, high: float) -> Tensor:
    return torch.rand(shape, generator=generator) * (high - low) + low
