"""Bundles, and a tiny GroundingDINO."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.bundle import tiny_bundle as tiny_bundle
from tests.support.bundle import tiny_folder as tiny_folder
from tests.support.grounding_dino import write_grounding_dino


@pytest.fixture(scope="session")
def dino_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_grounding_dino(tmp_path_factory.mktemp("dino"))
