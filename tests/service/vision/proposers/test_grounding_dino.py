from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file, save_file

from service.engine.proposal import Proposal
from service.vision.proposers import grounding_dino
from service.vision.proposers.grounding_dino import GroundingDino, load_grounding_dino
from tasks.errors import SettingsError

TEXT = "Ann saw a red ball near Bob"


@pytest.fixture(scope="module")
def dino(dino_folder: Path) -> GroundingDino:
    return load_grounding_dino(dino_folder, "cpu")


@pytest.fixture(scope="module")
def image() -> Image.Image:
    values = np.random.default_rng(0).integers(0, 255, (50, 70, 3), dtype=np.uint8)
    return Image.fromarray(values)


@pytest.fixture(scope="module")
def proposal(dino: GroundingDino, image: Image.Image) -> Proposal:
    return dino.propose(image, TEXT)


def test_regions_are_inside_the_picture_and_the_surest_come_first(proposal: Proposal) -> None:
    count = len(proposal.boxes)
    assert 0 < count <= 36 and len(proposal.labels) == len(proposal.scores) == count
    assert proposal.boxes.dtype == proposal.scores.dtype == np.float32
    assert (proposal.boxes >= 0).all() and (proposal.boxes <= 1).all()
    assert (proposal.boxes[:, :2] < proposal.boxes[:, 2:]).all()
    assert (np.diff(proposal.scores) <= 0).all()
    assert (proposal.scores > grounding_dino.LEAST_SCORE).all()


def test_labels_are_the_text_s_noun_phrases(proposal: Proposal) -> None:
    assert set(proposal.labels) <= {"Ann", "red ball", "Bob"}
    assert len(set(proposal.labels)) > 1


def test_the_phrases_order_changes_nothing(
    dino: GroundingDino, image: Image.Image, proposal: Proposal
) -> None:
    """Each is read apart, so a label must follow its phrase wherever that stands."""
    swapped = dino.propose(image, "Bob saw a red ball near Ann")
    np.testing.assert_allclose(swapped.boxes, proposal.boxes, atol=1e-5)
    assert swapped.labels == proposal.labels


def test_other_words_find_other_things(
    dino: GroundingDino, image: Image.Image, proposal: Proposal
) -> None:
    other = dino.propose(image, "The quick fox jumps")
    assert set(other.labels) <= {"fox jumps", "quick fox jumps"}
    assert not np.array_equal(other.scores, proposal.scores)


def test_a_threshold_that_nothing_reaches_leaves_nothing(
    dino: GroundingDino, image: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grounding_dino, "LEAST_SCORE", 1.0)
    assert dino.propose(image, TEXT).boxes.shape == (0, 4)


@pytest.mark.parametrize("text", ["", "it was there", "?!"])
def test_a_text_without_noun_phrases_has_no_regions(
    dino: GroundingDino, image: Image.Image, text: str
) -> None:
    assert len(dino.propose(image, text).boxes) == 0


def test_a_text_longer_than_the_model_reads_is_cut(dino: GroundingDino, image: Image.Image) -> None:
    text = " ".join(f"{'Z' * 50}{number} and" for number in range(99))
    assert len(dino.propose(image, text).boxes) > 0


def test_a_folder_of_something_else_is_refused(dino_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not a folder"):
        load_grounding_dino(tmp_path / "nothing", "cpu")
    with pytest.raises(SettingsError, match="is not a GroundingDINO") as caught:
        load_grounding_dino(tmp_path, "cpu")
    assert "\n" not in str(caught.value)
    folder = shutil.copytree(dino_folder, tmp_path / "cut")
    weights = load_file(folder / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if "text_backbone" not in name}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(SettingsError, match="is not a complete GroundingDINO"):
        load_grounding_dino(folder, "cpu")
