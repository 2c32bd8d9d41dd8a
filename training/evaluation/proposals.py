"""Recall of an evaluator's region proposals on the boxes of photos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tasks.document import Box
from training.evaluation.boxes import overlapping
from training.evaluation.counts import Counts
from training.evaluation.evaluator import Evaluator
from training.evaluation.row import Row
from training.flickr8k import Photo, image_path

MOST = 36
_PEOPLE = "people"


def proposal_rows(evaluator: Evaluator, photos: Sequence[Photo], folder: Path) -> list[Row]:
    """Recall at IoU 0.5 of all boxes and of people's, with at most 36 regions of any label.

    `folder` is the folder of the photos.
    """
    paths = [image_path(folder, photo) for photo in photos]
    proposed = evaluator.propose(paths, "regions of photos")
    return [
        Row.of(
            f"recall@{MOST}, {name}",
            [
                (photo.image, _covered(photo, regions[:MOST], kind))
                for photo, regions in zip(photos, proposed, strict=True)
            ],
            share=True,
        )
        for name, kind in (("all boxes", None), ("people", _PEOPLE))
    ]


def _covered(photo: Photo, regions: Sequence[Box], kind: str | None) -> dict[str, Counts]:
    boxes = [box.corners for box in photo.boxes if kind is None or kind in box.types]
    found = sum(any(overlapping(region, [box]) for region in regions) for box in boxes)
    return {"": Counts.share(found, len(boxes))}
