from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from export import exporter, verify
from export.checkpoint import save_checkpoint
from export.manifest import read_manifest
from tests.support.bundle import tiny_checkpoint


def run(command: str, **options: Path) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    arguments = [part for name, path in options.items() for part in (f"--{name}", str(path))]
    result = CliRunner().invoke(app, [command, *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def graphs_at_hand(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def copy(trace: object, path: Path) -> None:
        shutil.copy(tiny_folder / "bundle" / path.name, path)

    monkeypatch.setattr(exporter, "write_graph", copy)


def test_export_writes_a_bundle_and_says_which(
    graphs_at_hand: None, tiny_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "bundle"
    code, said, _ = run("export", checkpoint=tiny_folder / "checkpoint", out=out)
    assert code == 0
    assert f"{read_manifest(out).version} in {out}" in said


def test_export_that_cannot_says_why_in_one_line(tiny_folder: Path, tmp_path: Path) -> None:
    code, _, errors = run("export", checkpoint=tmp_path / "nothing", out=tmp_path / "bundle")
    (line,) = errors.splitlines()
    assert code == 2 and line.startswith("umie export: ") and "nothing" in line
    (tmp_path / "letter").write_text("dear", encoding="utf-8")
    code, _, errors = run("export", checkpoint=tiny_folder / "checkpoint", out=tmp_path)
    assert code == 2 and "no bundle" in errors


def test_verify_prints_every_difference(tiny_folder: Path) -> None:
    code, said, _ = run(
        "verify", checkpoint=tiny_folder / "checkpoint", bundle=tiny_folder / "bundle"
    )
    rows = dict(line.split()[:2] for line in said.splitlines())
    assert code == 0
    names = ["boxes", "labels", "scores", "states", "gate", "cross", "copy_keys", "largest"]
    assert list(rows) == names
    assert float(rows["largest"]) == max(float(rows[name]) for name in names[:-1])
    assert "tolerance 1e-03" in said


def test_verify_fails_beyond_the_tolerance(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = {"checkpoint": tiny_folder / "checkpoint", "bundle": tiny_folder / "bundle"}
    save_checkpoint(tiny_checkpoint(seed=1), tmp_path / "other")
    code, said, _ = run("verify", **{**folders, "checkpoint": tmp_path / "other"})
    assert code == 1 and "largest" in said
    monkeypatch.setitem(verify.TOLERANCES, "fp32", 1e-12)
    assert run("verify", **folders)[0] == 1


def test_a_quantised_bundle_is_asked_for_and_verified_as_one(
    graphs_at_hand: None, tiny_folder: Path, tmp_path: Path
) -> None:
    folders = {"checkpoint": tiny_folder / "checkpoint", "bundle": tmp_path / "int8"}
    arguments = ["export", "--checkpoint", str(folders["checkpoint"]), "--precision", "int8"]
    result = CliRunner().invoke(app, [*arguments, "--out", str(folders["bundle"])])
    assert result.exit_code == 0, result.output
    code, said, _ = run("verify", **folders)
    assert code == 0 and "tolerance 5e-01" in said
    manifest = read_manifest(folders["bundle"])
    replace(manifest, precision="fp32").write(folders["bundle"])
    assert run("verify", **folders)[0] == 1


def test_verify_of_nothing_says_so_in_one_line(tiny_folder: Path, tmp_path: Path) -> None:
    code, _, errors = run("verify", checkpoint=tiny_folder / "checkpoint", bundle=tmp_path)
    (line,) = errors.splitlines()
    assert code == 2 and line.startswith("umie verify: ") and "no bundle" in line
