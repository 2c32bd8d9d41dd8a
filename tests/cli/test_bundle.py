from __future__ import annotations

import json
import shutil
from pathlib import Path

from typer.testing import CliRunner, Result

from cli.main import app
from export.manifest import TOKENIZER, read_manifest


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["bundle", "info", *map(str, words)])


def test_what_a_bundle_holds_is_printed(tiny_folder: Path) -> None:
    result = run(tiny_folder / "bundle", "--check")
    assert result.exit_code == 0, result.output
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert lines[0] == read_manifest(tiny_folder / "bundle").version
    assert lines[1] == "kind       bundle, format 2"
    assert "network    2 + 2 layers of 48, 3 heads," in result.stdout
    assert "tower      compact, 64 pixels a side" in lines and "seed  189" in lines
    assert sum(line.endswith("intact") for line in lines) == 4
    assert any(line.split()[0] == "cross" for line in lines if line)


def test_the_same_as_json(tiny_folder: Path) -> None:
    values = json.loads(run(tiny_folder / "bundle", "--json").stdout)
    assert values["version"] == read_manifest(tiny_folder / "bundle").version
    assert {file["name"] for file in values["files"]} >= {TOKENIZER}


def test_a_checkpoint_is_printed_too(tiny_folder: Path) -> None:
    result = run(tiny_folder / "checkpoint")
    assert result.exit_code == 0
    assert result.stdout.split()[:3] == ["tiny", "kind", "checkpoint"]


def test_a_file_that_was_altered_is_a_failed_check(tiny_folder: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(tiny_folder / "bundle", tmp_path / "bundle"))
    (bundle / TOKENIZER).write_text("{}", encoding="utf-8")
    assert run(bundle).exit_code == 0
    result = run(bundle, "--check")
    assert result.exit_code == 1 and "ALTERED" in result.stdout
    (bundle / TOKENIZER).unlink()
    result = run(bundle)
    assert result.exit_code == 1 and "MISSING" in result.stdout


def test_a_folder_without_one_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert result.exit_code == 2
    assert result.stderr.startswith("umie bundle info: ") and result.stderr.count("\n") == 1
