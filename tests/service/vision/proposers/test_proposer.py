from __future__ import annotations

from pathlib import Path

import pytest

from service.settings import Settings, load_settings
from service.vision.proposers.detector import BundleDetector
from service.vision.proposers.grounding_dino import GroundingDino
from service.vision.proposers.proposer import proposer_for
from tasks.errors import SettingsError


def test_without_a_setting_there_is_none() -> None:
    assert proposer_for(Settings(), has_tower=True) is None
    assert proposer_for(Settings(), has_tower=False) is None


def test_the_settings_name_it(tiny_folder: Path, dino_folder: Path) -> None:
    detector = Settings(proposer_bundle=tiny_folder / "bundle")
    assert isinstance(proposer_for(detector, has_tower=True), BundleDetector)
    dino = Settings(proposer_grounding_dino=dino_folder, device="cpu")
    assert isinstance(proposer_for(dino, has_tower=True), GroundingDino)


@pytest.mark.parametrize("name", ["proposer_bundle", "proposer_grounding_dino"])
def test_one_that_cannot_be_loaded_stops_the_start_with_one_line(tmp_path: Path, name: str) -> None:
    settings = load_settings(**{name: tmp_path / "nothing"})
    with pytest.raises(SettingsError, match=f"^UMIE_{name.upper()}: .*nothing") as caught:
        proposer_for(settings, has_tower=True)
    assert "\n" not in str(caught.value)
    with pytest.raises(SettingsError, match="no visual tower"):
        proposer_for(settings, has_tower=False)
