from __future__ import annotations

import json
from pathlib import Path

import pytest

from export.config_kinds import load_tokenizer, tower_config, tower_values
from models.clip_config import ClipTowerConfig
from models.tower_config import TowerConfig
from tasks.tokenizer import CompactTokenizer, T5Tokenizer
from tests.support.converted import Converted

SMALL = TowerConfig(image_size=64, widths=(8,) * 7)


@pytest.mark.parametrize(
    ("kind", "config"), [("compact", SMALL), ("clip", ClipTowerConfig(positional="zero"))]
)
def test_a_tower_s_configuration_survives_a_file(
    kind: str, config: TowerConfig | ClipTowerConfig
) -> None:
    values = json.loads(json.dumps(tower_values(config)))
    assert values["kind"] == kind and tower_config(values) == config


def test_the_kind_is_compact_where_none_is_told() -> None:
    values = tower_values(SMALL)
    del values["kind"]
    assert tower_config(values) == SMALL


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "resnet"},
        {"kind": ["compact"]},
        {"kind": None},
        {"kind": "clip", "positional": "sine"},
    ],
)
def test_another_kind_is_refused(values: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        tower_config(values)


def test_a_text_encoder_has_its_tokenizer(tiny_folder: Path, converted_relu: Converted) -> None:
    compact = load_tokenizer("minilm", tiny_folder / "bundle" / "tokenizer.json")
    t5 = load_tokenizer("t5", converted_relu.folder / "bundle" / "tokenizer.json")
    assert isinstance(compact, CompactTokenizer) and isinstance(t5, T5Tokenizer)
    with pytest.raises(ValueError, match="the vocabulary has no"):
        load_tokenizer("t5", tiny_folder / "bundle" / "tokenizer.json")
