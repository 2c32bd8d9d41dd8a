from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from export.state_file import read_state
from tasks.errors import CheckpointError
from tests.support.planted import Planted


def refused(path: Path) -> str:
    """The one line that says why `path` is refused."""
    with pytest.raises(CheckpointError) as caught:
        read_state(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and "\n" not in message and len(message) < 250
    return message


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before 1.6"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_tensors_come_back_as_they_were(tmp_path: Path, zipped: bool, dtype: torch.dtype) -> None:
    weight = torch.randn(4, 3).to(dtype)
    path = tmp_path / "Base-Epoch00.pth"
    # two names of one storage, as the published code writes them
    torch.save({"a": weight, "b": weight}, path, _use_new_zipfile_serialization=zipped)
    state = read_state(path)
    assert state.keys() == {"a", "b"}
    assert torch.equal(state["a"], weight) and torch.equal(state["b"], weight)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before 1.6"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, zipped: bool, share: float) -> None:
    path = tmp_path / "cut.pth"
    torch.save({"a": torch.zeros(100, 30)}, path, _use_new_zipfile_serialization=zipped)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    refused(path)


@pytest.mark.parametrize("data", [b"hello", b"PK\x03\x04", bytes(300), b"\x80\x02}q\x00."])
def test_a_foreign_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "foreign.pth"
    path.write_bytes(data)
    refused(path)


@pytest.mark.parametrize("bare", [True, False], ids=["pickle", "torch"])
def test_code_in_a_file_is_not_run(tmp_path: Path, bare: bool) -> None:
    path, planted = tmp_path / "evil.pth", tmp_path / "planted"
    if bare:
        path.write_bytes(pickle.dumps({"a": Planted(planted)}, protocol=2))
    else:
        torch.save({"a": Planted(planted)}, path)
    assert "other than weights" in refused(path)
    assert not planted.exists()


def test_a_tensor_that_claims_more_than_the_file_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vast.pth"
    torch.save({"a": torch.zeros(1).expand(10**6, 10**6)}, path)
    assert "does not hold" in refused(path)
    torch.save({"a": torch.zeros(3, 4).to_sparse()}, path)
    refused(path)


@pytest.mark.parametrize("content", [[1, 2], {}, {"model": {"a": 1}}, {"epoch": 3}])
def test_anything_but_weights_by_name_is_refused(tmp_path: Path, content: object) -> None:
    path = tmp_path / "other.pth"
    torch.save(content, path)
    refused(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "is no file" in refused(tmp_path / "none.pth")
    assert "is no file" in refused(tmp_path)
