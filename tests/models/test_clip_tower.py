from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from timm.models.byobnet import checkpoint_filter_fn
from torch import Tensor

from models.clip_config import ClipTowerConfig
from models.clip_tower import ClipTower
from tests.support.clip import TINY, encode_image, openai_state

POSITIONS = "visual.attnpool.positional_embedding"
ZERO = replace(TINY, positional="zero")


def tower_of(state: dict[str, Tensor], config: ClipTowerConfig = TINY) -> ClipTower:
    tower = ClipTower(config)
    weights = checkpoint_filter_fn(state, tower.network)
    if config.positional == "zero":
        del weights["head.pos_embed"]
    tower.network.load_state_dict(weights)
    return tower.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return openai_state()


@pytest.fixture(scope="module")
def crops() -> Tensor:
    return torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("config", [TINY, ZERO], ids=["learned", "zero"])
def test_rows_are_clip_s_pooled_output(
    state: dict[str, Tensor], crops: Tensor, config: ClipTowerConfig
) -> None:
    rows = tower_of(state, config)(crops)
    expected = encode_image(state, crops, config.positional == "learned")
    assert rows.shape == (4, 512) and rows.dtype == torch.float32
    torch.testing.assert_close(rows, expected, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(rows[0], rows[1], atol=1e-2)


def test_the_positional_embedding_counts_unless_it_is_zero(
    state: dict[str, Tensor], crops: Tensor
) -> None:
    other = state | {POSITIONS: state[POSITIONS].flip(0)}
    torch.testing.assert_close(tower_of(state, ZERO)(crops), tower_of(other, ZERO)(crops))
    assert not torch.allclose(tower_of(state)(crops), tower_of(other)(crops), atol=1e-2)
    nothing = state | {POSITIONS: torch.zeros_like(state[POSITIONS])}
    torch.testing.assert_close(tower_of(state, ZERO)(crops), tower_of(nothing)(crops))


def test_zero_positions_are_no_weights_and_survive_a_tower_made_without_values() -> None:
    with torch.device("meta"):
        tower = ClipTower(ZERO)
    assert not any("pos_embed" in name for name in tower.state_dict())
    assert tower.network.head.pos_embed.device.type == "cpu"
    assert (tower.network.head.pos_embed == 0).all()


def test_a_row_depends_on_its_crop_alone(state: dict[str, Tensor], crops: Tensor) -> None:
    tower = tower_of(state)
    rows = tower(crops)
    torch.testing.assert_close(tower(crops[2:3]), rows[2:3], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(tower(crops.flip(0)), rows.flip(0), rtol=1e-4, atol=1e-5)
    changed = crops.clone()
    changed[1] += 1.0
    others = [0, 2, 3]
    torch.testing.assert_close(tower(changed)[others], rows[others], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(tower(changed)[1], rows[1], atol=1e-2)


@pytest.mark.parametrize(
    "name", ["resnet101", "hf-hub:somebody/resnet101_clip", "vit_base_patch16_clip_224", "nothing"]
)
def test_another_architecture_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="CLIP ResNet"):
        ClipTower(replace(TINY, architecture=name))


def test_the_positional_embedding_is_learned_or_zero() -> None:
    with pytest.raises(ValueError, match="sine"):
        replace(TINY, positional="sine")  # type: ignore[arg-type]


def test_the_default_is_rn101() -> None:
    with torch.device("meta"):
        tower = ClipTower(ClipTowerConfig())
    assert [len(stage) for stage in tower.network.stages] == [3, 4, 23, 3]
    assert sum(p.numel() for p in tower.parameters()) == 56_259_936
