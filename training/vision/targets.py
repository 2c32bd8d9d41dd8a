"""Assigns boxes to the cells that predict them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from models.region_head import cell_centres

CENTRE_RADIUS = 1.5


class Assignment(NamedTuple):
    """``positive`` (B, C, H, W) bool and ``box`` (B, C, H, W), the index of the cell's box."""

    positive: Tensor
    box: Tensor


def assign_cells(boxes: Tensor, types: Tensor, height: int, width: int) -> Assignment:
    """Centre sampling (FCOS, Tian et al., 2019), separately for every type.

    A cell is positive if it is in a box of the type and within 1.5 cells of its centre;
    the cell of the centre always is. Of several boxes, the smallest one is used.

    Args:
        boxes: (B, M, 4) xyxy in 0..1, zeros where padded.
        types: (B, M, C) multi-hot.
        height: rows of cells.
        width: columns of cells.
    """
    centres = cell_centres(height, width, boxes.device).flatten(0, 1)  # (HW, 2)
    lower, upper = boxes[:, :, None, :2], boxes[:, :, None, 2:]  # (B, M, 1, 2)
    sides = (upper - lower).squeeze(2)  # (B, M, 2)
    inside = ((centres > lower) & (centres < upper)).all(-1)  # (B, M, HW)
    cells = torch.tensor([width, height], device=boxes.device)
    away = ((centres - (lower + upper) / 2).abs() * cells).amax(-1)  # (B, M, HW), in cells
    near = (inside & (away < CENTRE_RADIUS)) | (away <= 0.5)
    near &= (sides.amin(-1) > 0)[..., None]
    area = sides.prod(-1)  # (B, M)
    rank = torch.where(near, area[..., None], torch.inf)  # (B, M, HW)
    shape = (len(boxes), height, width)
    positive, index = [], []
    for kind in range(types.shape[-1]):
        of_type = torch.where(types[:, :, kind, None] > 0, rank, torch.inf)
        smallest, box = of_type.min(dim=1)  # (B, HW)
        positive.append(torch.isfinite(smallest).reshape(shape))
        index.append(box.reshape(shape))
    return Assignment(torch.stack(positive, 1), torch.stack(index, 1))
