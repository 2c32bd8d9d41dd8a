from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from models.tower_config import REGION_TYPES
from service.engine.loading import load_engine
from service.observability.metrics import Metrics
from service.settings import Settings
from tasks import instruction
from tasks.errors import BundleError


def test_loading_returns_what_the_service_needs(tiny_folder: Path) -> None:
    loaded = load_engine(Settings(bundle=tiny_folder / "bundle"), Metrics())
    assert loaded.model_name.startswith("umie-tiny@")
    assert (loaded.precision, loaded.provider) == ("fp32", "cpu")
    assert tuple(loaded.region_types) == REGION_TYPES
    assert loaded.preprocess is not None
    assert loaded.preprocess(Image.new("L", (30, 50)), None).pixels.shape == (3, 64, 64)
    assert not loaded.engine.ready
    assert loaded.prompter.encode("Ann", instruction.ENTITIES, ["person"]).text == "Ann"


def test_a_missing_bundle_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="nothing"):
        load_engine(Settings(bundle=tmp_path / "nothing"), Metrics())


def test_a_tower_that_proposes_nothing_has_no_region_types(clip_folder: Path) -> None:
    loaded = load_engine(Settings(bundle=clip_folder, device="cpu"), Metrics())
    assert tuple(loaded.region_types) == ()
    assert loaded.preprocess is not None
    assert loaded.preprocess(Image.new("L", (30, 50)), None).pixels.shape == (1, 3, 64, 64)
