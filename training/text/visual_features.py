"""Precomputed regions and visual features of training pictures, by picture name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torchvision.ops import box_iou

from tasks.document import Box
from training.text.example import ExamplePicture
from training.text.loss import VisualBatch
from training.vision.features import StoredFeatures, load_features

_NO_PICTURES = StoredFeatures(
    [],
    boxes=torch.zeros(0, 36, 4),
    labels=torch.zeros(0, 36, dtype=torch.int64),
    scores=torch.zeros(0, 36),
    features=torch.zeros(0, 37, 512, dtype=torch.float16),
)


@dataclass(frozen=True)
class VisualFeatureStore:
    """One row per picture: features (N, 37, 512) fp16, boxes (N, 36, 4), scores and labels (N, 36).

    Only regions that score at least `least` are used, as in the service.
    """

    rows: dict[str, int]
    features: Tensor
    boxes: Tensor
    scores: Tensor
    labels: Tensor
    least: float

    @classmethod
    def load(cls, paths: list[Path], least: float) -> VisualFeatureStore:
        """Load and concatenate the stores at `paths`; picture names must be distinct."""
        stored = [_NO_PICTURES, *(load_features(path) for path in paths)]
        names = [name for part in stored for name in part.names]
        joined = {
            key: torch.cat([getattr(part, key) for part in stored])
            for key in ("features", "boxes", "scores", "labels")
        }
        return cls({name: row for row, name in enumerate(names)}, least=least, **joined)

    def picture(self, name: str) -> ExamplePicture:
        """The picture `name` with its regions; raises KeyError if it is not stored."""
        row = self.rows[name]
        count = int((self.scores[row] >= self.least).sum())
        return ExamplePicture(row, tuple(range(1, count + 1)))

    def regions_on(self, name: str, box: Box, least_iou: float = 0.5) -> list[int]:
        """Indices of the regions with an IoU of at least `least_iou` with `box`, best first."""
        row = self.rows[name]
        count = len(self.picture(name).regions)
        overlaps = box_iou(self.boxes[row, :count], torch.tensor([box]))[:, 0].tolist()
        good = [k for k in range(count) if overlaps[k] >= least_iou]
        return [k + 1 for k in sorted(good, key=lambda k: -overlaps[k])]

    def like(self, name: str, number: int) -> list[int]:
        """Indices of the regions that overlap region `number`, which is first."""
        x1, y1, x2, y2 = self.boxes[self.rows[name], number - 1].tolist()
        return self.regions_on(name, (x1, y1, x2, y2))

    def best_of(self, name: str, label: int) -> tuple[int, float] | None:
        """Index and score of the best region of a type, None if there is none."""
        row = self.rows[name]
        for number in self.picture(name).regions:
            if int(self.labels[row, number - 1]) == label:
                return number, float(self.scores[row, number - 1])
        return None

    def gather(self, rows: Tensor) -> VisualBatch:
        """Features (P, 37, 512) and boxes (P, 37, 4) of the entries of `rows` (B,) that are not -1.

        Box 0 is the whole picture.
        """
        at = rows[rows >= 0]
        whole = torch.tensor([0.0, 0.0, 1.0, 1.0]).expand(len(at), 1, 4)
        return VisualBatch(self.features[at].float(), torch.cat([whole, self.boxes[at]], dim=1))
