from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cli.inspection.contents import contents_of
from export.manifest import DECODER, FILE, FUSION, TOKENIZER, VISUAL, read_manifest
from tasks.errors import BundleError, CheckpointError


@pytest.fixture
def bundle(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder / "bundle", tmp_path / "bundle"))


def test_a_bundle_is_told_as_its_manifest_has_it(bundle: Path) -> None:
    manifest, contents = read_manifest(bundle), contents_of(bundle)
    assert (contents.kind, contents.version) == ("bundle", manifest.version)
    assert contents.differences == manifest.differences and contents.about == {"seed": 189}
    assert contents.network["d_model"] == 48 and contents.tower is not None
    files = {file.name: file for file in contents.files}
    assert files.keys() == {DECODER, FUSION, TOKENIZER, VISUAL}
    assert all(file.bytes == (bundle / name).stat().st_size for name, file in files.items())
    assert [files[name].precision for name in (DECODER, FUSION, VISUAL)] == ["fp32"] * 3
    assert files[TOKENIZER].precision is None and files[TOKENIZER].parameters is None
    assert contents.intact and all(file.intact is None for file in contents.files)


def test_files_are_checked_where_that_is_wanted(bundle: Path) -> None:
    assert contents_of(bundle, check=True).intact
    (bundle / TOKENIZER).write_text("{}", encoding="utf-8")
    (bundle / VISUAL).unlink()
    assert not contents_of(bundle).intact  # one is missing
    contents = contents_of(bundle, check=True)
    wrong = {file.name for file in contents.files if file.intact is False}
    assert wrong == {TOKENIZER, VISUAL} and not contents.intact


def test_a_checkpoint_is_told_by_its_configuration(tiny_folder: Path) -> None:
    contents = contents_of(tiny_folder / "checkpoint")
    assert (contents.kind, contents.name, contents.version) == ("checkpoint", "tiny", None)
    assert {file.precision for file in contents.files} == {"fp16", None}
    assert sum(file.parameters or 0 for file in contents.files) > 10_000
    with pytest.raises(CheckpointError, match="has no digests"):
        contents_of(tiny_folder / "checkpoint", check=True)


def test_a_bundle_of_another_format_is_read_as_far_as_it_goes(bundle: Path) -> None:
    values = json.loads((bundle / FILE).read_text(encoding="utf-8"))
    (bundle / FILE).write_text(json.dumps(values | {"format": 9, "new": 1}), encoding="utf-8")
    assert contents_of(bundle).format == 9


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"files": 1}'])
def test_a_manifest_that_cannot_be_read_is_told(bundle: Path, text: str) -> None:
    (bundle / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(BundleError, match=r"manifest\.json (cannot be read|is not the manifest)"):
        contents_of(bundle)


@pytest.mark.parametrize("name", [DECODER, FUSION])
def test_weights_that_cannot_be_read_are_told(bundle: Path, name: str) -> None:
    (bundle / name).write_bytes(b"\xff" * 64)
    with pytest.raises(BundleError, match=f"{name} cannot be read"):
        contents_of(bundle)


def test_a_folder_with_neither_is_told(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="has neither a bundle"):
        contents_of(tmp_path)
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CheckpointError, match="is not the configuration"):
        contents_of(tmp_path)
