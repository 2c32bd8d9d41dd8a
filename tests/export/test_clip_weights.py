from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from export.clip_weights import read_clip_tower
from models.clip_tower import ClipTower
from tasks.errors import CheckpointError
from tests.support.clip import TINY, encode_image, openai_state

ZERO = replace(TINY, positional="zero")
POSITIONS = "visual.attnpool.positional_embedding"
State = dict[str, Tensor]


@pytest.fixture(scope="module")
def state() -> State:
    return openai_state()


@pytest.fixture(scope="module")
def crops() -> Tensor:
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def put(state: State, path: Path) -> Path:
    """Write `state` in the format that the name tells."""
    path.parent.mkdir(exist_ok=True, parents=True)
    if path.suffix == ".safetensors":
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, path)
    else:
        torch.save(state, path)
    return path


def check(tower: ClipTower, state: State, crops: Tensor, positional: bool = True) -> None:
    assert not tower.training
    expected = encode_image(state, crops, positional)
    torch.testing.assert_close(tower(crops), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["RN101.safetensors", "RN101.pt", "folder/weights.bin"])
def test_openai_s_names(state: State, crops: Tensor, tmp_path: Path, name: str) -> None:
    path = put(state, tmp_path / name)
    check(read_clip_tower(path, TINY), state, crops)
    check(read_clip_tower(path, ZERO), state, crops, positional=False)
    if name.startswith("folder"):
        check(read_clip_tower(path.parent, TINY), state, crops)


def test_timm_s_names(state: State, crops: Tensor, tmp_path: Path) -> None:
    tower = read_clip_tower(put(state, tmp_path / "a.pt"), TINY)
    theirs = put(tower.network.state_dict(), tmp_path / "timm" / "model.safetensors")
    check(read_clip_tower(theirs, TINY), state, crops)
    check(read_clip_tower(theirs.parent, ZERO), state, crops, positional=False)


def test_half_precision_is_widened(state: State, crops: Tensor, tmp_path: Path) -> None:
    halves = {n: t.half() if t.is_floating_point() else t for n, t in state.items()}
    tower = read_clip_tower(put(halves, tmp_path / "a.safetensors"), TINY)
    assert {p.dtype for p in tower.parameters()} == {torch.float32}
    check(tower, {n: t.float() for n, t in halves.items()}, crops)


def test_what_only_training_asks_for_may_be_missing(
    state: State, crops: Tensor, tmp_path: Path
) -> None:
    rest = {n: t for n, t in state.items() if not n.endswith("num_batches_tracked")}
    check(read_clip_tower(put(rest, tmp_path / "a.pt"), TINY), state, crops)


def test_zero_positions_need_none(state: State, crops: Tensor, tmp_path: Path) -> None:
    rest = {n: t for n, t in state.items() if n != POSITIONS}
    path = put(rest, tmp_path / "a.pt")
    check(read_clip_tower(path, ZERO), state, crops, positional=False)
    with pytest.raises(CheckpointError, match=r"lacks 1 of them, head\.pos_embed"):
        read_clip_tower(path, TINY)


def without_stage(state: State) -> State:
    return {n: t for n, t in state.items() if "layer3" not in n}


def with_more(state: State) -> State:
    return state | {"visual.layer5.0.conv1.weight": torch.zeros(1)}


def for_larger_pictures(state: State) -> State:
    return state | {POSITIONS: torch.zeros(50, 256)}


def of_something_else(state: State) -> State:
    return {"encoder.weight": torch.zeros(2, 2)}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (without_stage, "lacks 35 of them, stages.2.0"),
        (with_more, "has besides 1 of them"),
        (for_larger_pictures, "has in another shape 1 of them, head.pos_embed"),
        (of_something_else, "lacks"),
    ],
)
def test_other_weights_are_refused(
    state: State, tmp_path: Path, change: Callable[[State], State], what: str
) -> None:
    path = put(change(state), tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match=what) as caught:
        read_clip_tower(path, TINY)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_a_damaged_file_is_refused(state: State, tmp_path: Path, suffix: str) -> None:
    path = put(state, tmp_path / f"a{suffix}")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="a"):
        read_clip_tower(path, TINY)
    with pytest.raises(CheckpointError):
        read_clip_tower(tmp_path / f"none{suffix}", TINY)


class Doubling(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 2


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_the_archive_that_openai_distributes_is_told_what_to_do_with(tmp_path: Path) -> None:
    torch.jit.script(Doubling()).save(tmp_path / "RN101.pt")
    with pytest.raises(CheckpointError, match=r"TorchScript.*state_dict"):
        read_clip_tower(tmp_path / "RN101.pt", TINY)


def test_a_folder_holds_one_file_of_weights_or_the_same_twice(
    state: State, crops: Tensor, tmp_path: Path
) -> None:
    with pytest.raises(CheckpointError, match="holds 0 files"):
        read_clip_tower(tmp_path, TINY)
    put(state, tmp_path / "pytorch_model.bin")
    put(state, tmp_path / "model.safetensors")
    check(read_clip_tower(tmp_path, TINY), state, crops)
    put(state, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="holds 2 files"):
        read_clip_tower(tmp_path, TINY)


def test_an_architecture_that_is_no_clip_resnet_is_refused(state: State, tmp_path: Path) -> None:
    path = put(state, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="CLIP ResNet"):
        read_clip_tower(path, replace(TINY, architecture="resnet101"))
