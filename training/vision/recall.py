"""Recall and average precision of region proposals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.region_head import Regions, pairwise_iou
from models.tower_config import REGION_TYPES

PEOPLE = REGION_TYPES.index("people")


@dataclass(frozen=True)
class RegionScores:
    """Shares in 0..1 at IoU 0.5: recall of all and of people's boxes, AP of people."""

    recall_all: float
    recall_people: float
    ap_people: float


def region_scores(
    regions: Sequence[Regions], boxes: Sequence[Tensor], types: Sequence[Tensor]
) -> RegionScores:
    """Scores of the regions of photos (each without batch dimension) against their boxes.

    A box is recalled if any region, of any label, has an IoU of at least 0.5 with it.
    """
    covered, people = [], []
    for found, truth, kinds in zip(regions, boxes, types, strict=True):
        best = pairwise_iou(truth, found.boxes * (found.scores > 0)[:, None]).amax(-1)
        covered.append(best >= 0.5)
        people.append(kinds[:, PEOPLE] > 0)
    hits, of_people = torch.cat(covered).float(), torch.cat(people)
    return RegionScores(
        hits.mean().item(),
        hits[of_people].mean().item(),
        average_precision(regions, boxes, types, PEOPLE),
    )


def average_precision(
    regions: Sequence[Regions], boxes: Sequence[Tensor], types: Sequence[Tensor], kind: int
) -> float:
    """AP at IoU 0.5 of one type: area under the interpolated precision-recall curve."""
    scores, correct, total = [], [], 0
    for found, truth, kinds in zip(regions, boxes, types, strict=True):
        chosen = (found.labels == kind) & (found.scores > 0)
        wanted = truth[kinds[:, kind] > 0]
        total += len(wanted)
        scores.append(found.scores[chosen])
        correct.append(_greedy_matches(found.boxes[chosen], wanted))
    order = torch.cat(scores).argsort(descending=True)
    if total == 0 or len(order) == 0:
        return 0.0
    hits = torch.cat(correct)[order].float().cumsum(0)
    precision = hits / torch.arange(1, len(hits) + 1)
    envelope = precision.flip(0).cummax(0).values.flip(0)
    gained = torch.diff(hits, prepend=torch.zeros(1)) / total
    return (envelope * gained).sum().item()


def _greedy_matches(boxes: Tensor, wanted: Tensor) -> Tensor:
    matched = torch.zeros(len(boxes), dtype=torch.bool)
    if len(wanted) == 0:
        return matched
    overlap = pairwise_iou(boxes, wanted)
    for row in range(len(boxes)):
        best, column = overlap[row].max(0)
        if best >= 0.5:
            matched[row] = True
            overlap[:, column] = 0
    return matched
