from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from export.manifest import FILE, FORMAT, PARTS, Manifest, digest_of, read_manifest
from tasks.errors import BundleError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bundle's files without sense."""
    for name in PARTS:
        (tmp_path / name).write_text(f"the {name}", encoding="utf-8")
    manifest_of(tmp_path).write(tmp_path)
    return tmp_path


def manifest_of(folder: Path) -> Manifest:
    files = {name: digest_of(folder / name) for name in PARTS}
    return Manifest(
        "tiny", 20, "fp32", {"d_model": 8}, None, {}, files, {"gate": 1e-7}, {"by": "us"}
    )


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    values = json.loads((folder / FILE).read_text(encoding="utf-8"))
    change(values)
    (folder / FILE).write_text(json.dumps(values), encoding="utf-8")


def test_a_manifest_is_read_as_it_was_written(folder: Path) -> None:
    assert read_manifest(folder) == manifest_of(folder)
    assert asdict(read_manifest(folder))["format"] == FORMAT


def test_the_digest_is_sha256(tmp_path: Path) -> None:
    data = bytes(range(256)) * 5000  # more than one chunk
    (tmp_path / "file").write_bytes(data)
    assert digest_of(tmp_path / "file") == sha256(data).hexdigest()


def test_the_version_tells_weights_apart(folder: Path) -> None:
    version = read_manifest(folder).version
    assert version.startswith("umie-tiny@") and len(version) == len("umie-tiny@") + 8
    (folder / PARTS[0]).write_text("other weights", encoding="utf-8")
    assert manifest_of(folder).version != version


@pytest.mark.parametrize("name", PARTS)
def test_a_file_that_was_altered_is_named(folder: Path, name: str) -> None:
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write(" ")
    with pytest.raises(BundleError, match=name):
        read_manifest(folder)


@pytest.mark.parametrize("name", PARTS)
def test_a_file_that_is_missing_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(BundleError, match=name):
        read_manifest(folder)


def test_a_manifest_lists_every_part(folder: Path) -> None:
    rewrite(folder, lambda values: values["files"].pop("fusion.onnx"))
    with pytest.raises(BundleError, match="fusion"):
        read_manifest(folder)


def test_files_beside_the_parts_are_checked_too(folder: Path) -> None:
    rewrite(folder, lambda values: values["files"].update({"more.onnx.data": "0" * 64}))
    with pytest.raises(BundleError, match=r"more\.onnx\.data"):
        read_manifest(folder)


def test_another_format_is_named_whatever_its_fields_are(folder: Path) -> None:
    rewrite(folder, lambda values: values.update(format=FORMAT + 1, slots=8))
    with pytest.raises(BundleError, match=f"format {FORMAT + 1}"):
        read_manifest(folder)


def test_an_earlier_format_asks_for_another_export(folder: Path) -> None:
    rewrite(folder, lambda values: values.update(format=1))
    with pytest.raises(BundleError, match=r"format 1.*export the bundle again"):
        read_manifest(folder)


def test_with_a_tower_there_is_one_part_more(folder: Path) -> None:
    rewrite(folder, lambda values: values.update(tower={"kind": "compact"}))
    with pytest.raises(BundleError, match=r"visual\.onnx"):
        read_manifest(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", f'{{"format": {FORMAT}}}', "\0"])
def test_a_manifest_that_cannot_be_read(folder: Path, text: str) -> None:
    (folder / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(BundleError, match=FILE):
        read_manifest(folder)


@pytest.mark.parametrize("key", ["name", "config", "files", "format"])
def test_a_manifest_without_a_field(folder: Path, key: str) -> None:
    rewrite(folder, lambda values: values.pop(key))
    with pytest.raises(BundleError, match=key):
        read_manifest(folder)


@pytest.mark.parametrize("files", [None, [], "all of them", 3])
def test_files_that_are_no_table(folder: Path, files: object) -> None:
    rewrite(folder, lambda values: values.update(files=files))
    with pytest.raises(BundleError):
        read_manifest(folder)


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="holds no bundle"):
        read_manifest(tmp_path)
