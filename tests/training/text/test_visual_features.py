from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.training.text.conftest import BALL, DOG, MAN, OTHER, PEOPLE
from training.text.example import ExamplePicture
from training.text.visual_features import VisualFeatureStore
from training.vision.features import StoredFeatures, save_features


def test_doubtful_regions_are_not_offered(store: VisualFeatureStore) -> None:
    assert store.picture("park.jpg") == ExamplePicture(0, (1, 2))
    assert store.picture("wall.jpg") == ExamplePicture(1, (1,))
    with pytest.raises(KeyError):
        store.picture("elsewhere.jpg")


def test_the_regions_on_a_box_are_the_offered_ones_that_overlap_it(
    store: VisualFeatureStore,
) -> None:
    assert store.regions_on("park.jpg", MAN) == [2]
    assert store.regions_on("park.jpg", (0.1, 0.1, 0.4, 0.6)) == [2]  # IoU 0.625
    assert store.regions_on("park.jpg", (0.1, 0.1, 0.4, 0.4)) == []  # IoU 0.375
    assert store.regions_on("park.jpg", (0.1, 0.1, 0.4, 0.4), least_iou=0.3) == [2]
    assert store.regions_on("park.jpg", DOG) == [1]
    assert store.regions_on("park.jpg", BALL) == []  # its region is too doubtful
    dark = replace(store, scores=torch.zeros(2, 36))
    assert dark.regions_on("park.jpg", DOG) == []


def test_of_the_regions_on_a_box_the_best_comes_first(crowded: VisualFeatureStore) -> None:
    assert crowded.regions_on("park.jpg", MAN) == [3, 1]  # IoU 1 and 0.75
    assert crowded.regions_on("park.jpg", (0.1, 0.1, 0.4, 0.7)) == [1, 3]
    assert crowded.regions_on("park.jpg", DOG) == [2]


def test_the_best_region_of_a_type(store: VisualFeatureStore) -> None:
    number, score = store.best_of("park.jpg", PEOPLE) or (0, 0.0)
    assert (number, round(score, 4)) == (2, 0.5)
    assert store.best_of("park.jpg", OTHER) is None
    assert store.best_of("wall.jpg", PEOPLE) is None


def test_rows_are_gathered_in_the_order_of_the_batch(store: VisualFeatureStore) -> None:
    visual_batch = store.gather(torch.tensor([1, -1, 0, -1]))
    assert visual_batch.features.dtype == torch.float32 and visual_batch.features.shape == (
        2,
        37,
        512,
    )
    assert torch.equal(visual_batch.features[0], store.features[1].float())
    assert torch.equal(visual_batch.boxes[1, 1:], store.boxes[0])
    assert visual_batch.boxes[:, 0].tolist() == [[0.0, 0.0, 1.0, 1.0]] * 2
    nothing = store.gather(torch.tensor([-1, -1]))
    assert nothing.features.shape == (0, 37, 512) and nothing.boxes.shape == (0, 37, 4)


def test_stores_are_put_together(store: VisualFeatureStore, tmp_path: Path) -> None:
    for row, name in enumerate(store.rows):
        part = slice(row, row + 1)
        stored = StoredFeatures(
            [name], store.boxes[part], store.labels[part], store.scores[part], store.features[part]
        )
        save_features(stored, tmp_path / f"{row}.safetensors")
    loaded = VisualFeatureStore.load([tmp_path / "0.safetensors", tmp_path / "1.safetensors"], 0.1)
    assert loaded.rows == store.rows and loaded.least == 0.1
    for name in ("features", "boxes", "scores", "labels"):
        assert torch.equal(getattr(loaded, name), getattr(store, name))


def test_without_pictures_there_is_an_empty_store() -> None:
    nothing = VisualFeatureStore.load([], 0.1)
    assert nothing.rows == {}
    visual_batch = nothing.gather(torch.tensor([-1, -1]))
    assert visual_batch.features.shape == (0, 37, 512) and visual_batch.boxes.shape == (0, 37, 4)
