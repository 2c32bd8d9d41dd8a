from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from tasks.errors import CheckpointError
from tests.support.planted import Planted
from training.saved_state import read_saved

CPU = torch.device("cpu")


def test_what_was_saved_is_read(tmp_path: Path) -> None:
    state = {"step": 3, "weights": {"a": torch.ones(2)}, "rng": random.Random(1).getstate()}
    torch.save(state, tmp_path / "state.pt")
    read = read_saved(tmp_path / "state.pt", CPU)
    assert read["step"] == 3 and read["rng"] == state["rng"]
    assert torch.equal(read["weights"]["a"], torch.ones(2))


def test_code_in_a_state_is_not_run(tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    torch.save({"step": 1, "rng": Planted(planted)}, tmp_path / "state.pt")
    with pytest.raises(CheckpointError, match="a saved training state cannot have"):
        read_saved(tmp_path / "state.pt", CPU)
    assert not planted.exists()


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04"])
def test_what_is_no_state_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state.pt").write_bytes(content)
    with pytest.raises(CheckpointError):
        read_saved(tmp_path / "state.pt", CPU)
    with pytest.raises(CheckpointError):
        read_saved(tmp_path / "none.pt", CPU)
