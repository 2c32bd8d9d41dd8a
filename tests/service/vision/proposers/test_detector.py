from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from export.bundle import Bundle
from export.manifest import FILE
from service.engine.interface import Picture
from service.engine.preprocess import preprocess_for
from service.engine.visual_encoder import encode_images
from service.vision.proposers.detector import load_detector
from tasks.errors import BundleError
from tests.support.bundle import PROMPT

CPU = ["CPUExecutionProvider"]


def noise(seed: int) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(values).resize((64, 64), Image.Resampling.NEAREST)


def test_it_proposes_what_the_bundle_would_see(tiny_folder: Path, tiny_bundle: Bundle) -> None:
    detector = load_detector(tiny_folder / "bundle", 1, CPU)
    preprocess = preprocess_for(tiny_bundle.tower)
    assert preprocess is not None and not detector.reads_text
    for seed in (1, 2):
        picture = preprocess(noise(seed), None)
        assert isinstance(picture, Picture)
        (visual,) = encode_images(tiny_bundle, [picture])
        proposal = detector.propose(noise(seed), "whatever")
        np.testing.assert_array_equal(proposal.boxes, visual.boxes)
        np.testing.assert_array_equal(proposal.scores, visual.scores)
        assert proposal.labels == visual.labels and 0 < len(proposal.labels) <= 36
        assert set(proposal.labels) <= set(detector.region_types)
        assert (proposal.scores >= PROMPT.least_region_score).all()


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="nothing"):
        load_detector(tmp_path / "nothing", 1, CPU)


@pytest.mark.parametrize("tower", [None, {"kind": "clip"}])
def test_a_bundle_whose_tower_proposes_nothing_is_refused(
    tiny_folder: Path, tmp_path: Path, tower: object
) -> None:
    folder = shutil.copytree(tiny_folder / "bundle", tmp_path / "bundle")
    manifest = json.loads((folder / FILE).read_text(encoding="utf-8"))
    (folder / FILE).write_text(json.dumps(manifest | {"tower": tower}), encoding="utf-8")
    with pytest.raises(BundleError, match="proposes no regions"):
        load_detector(folder, 1, CPU)
