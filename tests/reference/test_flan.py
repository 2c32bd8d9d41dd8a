from __future__ import annotations

import ast
from pathlib import Path

import torch

from export.published import published_names
from models.config import PRESETS
from models.umie import UMIE


def test_the_base_preset_has_the_recorded_shapes(fixtures: Path) -> None:
    lines = (fixtures.parent / "flan_t5_base_state_dict_keys.tsv").read_text("utf-8").splitlines()
    recorded = {
        key: ast.literal_eval(shape) for key, shape in (line.split("\t")[:2] for line in lines[1:])
    }
    with torch.device("meta"):
        own = UMIE(PRESETS["base"]).state_dict()
    for name, key in published_names(PRESETS["base"]).items():
        assert tuple(own[name].shape) == recorded[key], name
