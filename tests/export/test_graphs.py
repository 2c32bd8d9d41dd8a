from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from export.bundle import Bundle
from export.checkpoint import Checkpoint, load_checkpoint
from export.clip_weights import read_clip_tower
from export.graphs import ClipVisualGraph, FusionGraph, VisualGraph, visual_graph
from export.manifest import read_manifest
from models.clip_tower import ClipTower
from models.config import VISUAL_ROWS
from tests.support.clip import TINY
from tests.support.converted import Converted


@pytest.fixture(scope="module")
def compact(tiny_folder: Path) -> Checkpoint:
    return load_checkpoint(tiny_folder / "checkpoint")


@pytest.fixture(scope="module")
def graph(converted_relu: Converted, clip_folder: Path) -> ClipVisualGraph:
    tower = read_clip_tower(clip_folder.parent / "rn.safetensors", TINY)
    model = load_checkpoint(converted_relu.folder / "checkpoint").model
    made = visual_graph(tower, model)
    assert isinstance(made, ClipVisualGraph)
    return made.eval()


def inputs(count: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(count)
    boxes = torch.zeros(VISUAL_ROWS, 4)
    boxes[:count] = torch.rand(count, 4, generator=generator)
    return torch.randn(count, 3, 64, 64, generator=generator), boxes


def test_each_tower_has_its_graph(compact: Checkpoint) -> None:
    assert compact.tower is not None
    assert isinstance(visual_graph(compact.tower, compact.model), VisualGraph)
    assert isinstance(visual_graph(ClipTower(TINY), compact.model), ClipVisualGraph)


@pytest.mark.parametrize("count", [1, 2, 12, 37])
def test_any_number_of_crops_is_computed_as_torch_does(
    clip_bundle: Bundle, graph: ClipVisualGraph, count: int
) -> None:
    crops, boxes = inputs(count)
    with torch.inference_mode():
        (expected,) = graph(crops, boxes)
    assert expected.shape == (1, VISUAL_ROWS, clip_bundle.config.d_model)
    assert clip_bundle.visual is not None
    feeds = {"crops": crops.numpy(), "boxes": boxes.numpy()}
    (got,) = clip_bundle.visual.run(list(ClipVisualGraph.OUTPUTS), feeds)
    np.testing.assert_allclose(got, expected.numpy(), rtol=1e-4, atol=1e-5)


def test_rows_without_a_crop_have_features_of_zero(graph: ClipVisualGraph) -> None:
    crops, boxes = inputs(3)
    features = torch.zeros(1, VISUAL_ROWS, 512)
    with torch.inference_mode():
        features[0, :3] = graph.tower(crops)
        expected = graph.visual_embedding(features, boxes[None], graph.tokens)
        torch.testing.assert_close(graph(crops, boxes)[0], expected)


def test_the_manifest_tells_of_the_tower(clip_folder: Path) -> None:
    manifest = read_manifest(clip_folder)
    assert manifest.tower is not None
    assert (manifest.tower["kind"], manifest.tower["architecture"]) == ("clip", "tiny_clip")
    assert manifest.differences.keys() == {*ClipVisualGraph.OUTPUTS, *FusionGraph.OUTPUTS[:2]}
    assert all(value < 1e-4 for value in manifest.differences.values())
