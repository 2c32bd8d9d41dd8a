"""The two halves of the network that run in ONNX Runtime."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.clip_tower import ClipTower
from models.config import VISUAL_ROWS
from models.tower import CompactTower
from models.umie import UMIE


class VisualGraph(nn.Module):
    """Pixels to regions and visual states; once a picture, however many prompts use it."""

    tokens: Tensor
    INPUTS = ("pixels", "own", "given")
    OUTPUTS = ("boxes", "labels", "scores", "states")

    def __init__(self, tower: CompactTower, model: UMIE) -> None:
        super().__init__()
        self.tower, self.visual_embedding = tower, model.visual_embedding
        # of the token embeddings only the rows' order vectors are read
        self.register_buffer("tokens", model.shared.weight[-VISUAL_ROWS:].detach().clone())

    def forward(
        self, pixels: Tensor, own: Tensor, given: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Encode a batch of pictures.

        Args:
            pixels: (B, 3, S, S) pictures.
            own: (B, 36, 4) boxes that some of them bring, anything for the others.
            given: (B,) 1.0 where a picture brings its own boxes, else 0.0.

        Returns:
            boxes (B, 36, 4), labels and scores (B, 36), states (B, 37, d).
        """
        boxes, labels, scores, features = self.tower(pixels, own, given)
        whole = boxes.new_tensor([0.0, 0.0, 1.0, 1.0]).expand(boxes.shape[0], 1, 4)
        rows = torch.cat([whole, boxes], dim=1)  # (B, 37, 4)
        return boxes, labels, scores, self.visual_embedding(features, rows, self.tokens)


class ClipVisualGraph(nn.Module):
    """Crops of one picture to its visual states."""

    tokens: Tensor
    INPUTS = ("crops", "boxes")
    OUTPUTS = ("states",)

    def __init__(self, tower: ClipTower, model: UMIE) -> None:
        super().__init__()
        self.tower, self.visual_embedding = tower, model.visual_embedding
        self.register_buffer("tokens", model.shared.weight[-VISUAL_ROWS:].detach().clone())

    def forward(self, crops: Tensor, boxes: Tensor) -> tuple[Tensor]:
        """Encode the crops of one picture.

        Args:
            crops: (R, 3, S, S), R from 1 to 37, the whole picture first.
            boxes: (37, 4), that of crop i in row i, zeros in the rows behind. As in the published
                code, rows without a crop have features of zero and take part (reference 3.3).

        Returns:
            states (1, 37, d)
        """
        rows = self.tower(crops)  # (R, 512)
        features = torch.cat([rows, rows.new_zeros(VISUAL_ROWS, rows.shape[1])])[:VISUAL_ROWS]
        return (self.visual_embedding(features[None], boxes[None], self.tokens),)


def visual_graph(tower: CompactTower | ClipTower, model: UMIE) -> VisualGraph | ClipVisualGraph:
    """The visual graph of a tower of either kind."""
    if isinstance(tower, ClipTower):
        return ClipVisualGraph(tower, model)
    return VisualGraph(tower, model)


class FusionGraph(nn.Module):
    """Prompts and visual states to the decoder's input."""

    INPUTS = ("ids", "mask", "cases", "states", "present")
    OUTPUTS = ("gate", "cross", "copy_keys")
    cross_weight: Tensor

    def __init__(self, model: UMIE) -> None:
        super().__init__()
        self.model = model
        # one weight of the graph's own rather than many to put together at every start
        self.register_buffer("cross_weight", model.decoder.cross_weight().detach())

    def forward(
        self, ids: Tensor, mask: Tensor, cases: Tensor, states: Tensor, present: Tensor
    ) -> tuple[Tensor, ...]:
        """Encode and fuse a batch.

        Args:
            ids, mask, cases: (B, L) int64.
            states: (B, 37, d) visual states, anything where there is no picture.
            present: (B,) 1.0 where there is a picture, else 0.0.

        Returns:
            gate (B,), cross (D, 2, B, H, L, k) and, with a copy head, copy_keys (B, 36 + L, c).
        """
        text = self.model.encode_text(ids, mask, cases)
        fusion = self.model.gated_fusion(text, mask, states, present)
        memory = self.model.remember(fusion, states, self.cross_weight)
        if memory.copy_keys is None:
            return memory.gate, memory.cross
        return memory.gate, memory.cross, memory.copy_keys
