from __future__ import annotations

from pathlib import Path

import torch
from typer.testing import CliRunner

from cli.main import app
from tests.support.converted import RELU, Converted
from tests.support.recordings import change, record
from tests.support.umie import GATED_UNTIED


def test_it_prints_every_tensor_and_fails_where_one_is_off(tmp_path: Path) -> None:
    folder = record(tmp_path / "recorded", GATED_UNTIED)
    good = CliRunner().invoke(app, ["parity", str(folder)])
    assert good.exit_code == 0, good.output
    names = [line.split()[0] for line in good.stdout.splitlines()[1:-1]]
    assert names == sorted(names) and "logits" in names and "greedy_ids" in names
    assert "BEYOND" not in good.stdout and " 0 beyond" in good.stdout
    assert good.stdout.endswith("ids equal in 1 of 1\n")
    change(folder, "logits", torch.tensor(1e-2))
    bad = CliRunner().invoke(app, ["parity", str(folder)])
    assert bad.exit_code == 1
    (line,) = [line for line in bad.stdout.splitlines() if "BEYOND" in line]
    assert line.startswith("logits ") and "1.00e-02" in line
    assert bad.stdout.endswith(" 1 beyond 1e-05 * (1 + |expected|); ids equal in 1 of 1\n")
    change(folder, "greedy_ids", torch.tensor(1))
    worse = CliRunner().invoke(app, ["parity", str(folder)])
    assert worse.stdout.endswith("ids equal in 0 of 1, not in greedy_ids of case\n")


def test_a_bundle_is_compared_in_its_place(tmp_path: Path, converted_relu: Converted) -> None:
    folder = record(tmp_path / "recorded", RELU)
    bundle = str(converted_relu.folder / "bundle")
    result = CliRunner().invoke(app, ["parity", str(folder), "--bundle", bundle])
    assert result.exit_code == 0, result.output
    names = [line.split()[0] for line in result.stdout.splitlines()[1:-1]]
    assert {"cross", "logits", "greedy_ids"} <= set(names)
    assert "0 beyond 1e-04" in result.stdout
    other = CliRunner().invoke(app, ["parity", str(folder), "--bundle", str(tmp_path)])
    assert other.exit_code == 2 and "holds no bundle" in other.stderr


def test_a_folder_without_recordings_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["parity", str(tmp_path)])
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("umie parity: ")
