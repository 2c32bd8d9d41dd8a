"""The contents of a bundle's or a checkpoint's folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from cli.inspection.weights import numbers_in, precision_of
from export.manifest import FILE as MANIFEST
from export.manifest import Manifest, digest_of
from tasks.errors import BundleError, CheckpointError

CONFIG = "config.json"


@dataclass(frozen=True, slots=True)
class File:
    """A file of the model.

    bytes: its size, None where it is missing. precision: of its weights, if it has any. parameters:
    how many these are, a graph's constants included. sha256: what the manifest says, if it does.
    intact: whether that is so; None where nobody looked.
    """

    name: str
    bytes: int | None
    precision: str | None
    parameters: int | None
    sha256: str | None
    intact: bool | None


@dataclass(frozen=True, slots=True)
class Contents:
    """A bundle or a checkpoint.

    version: as answers carry it; a checkpoint has none. network, tower, prompt: configurations;
    tower is None where the model reads text only. differences: the largest one between torch and
    ONNX Runtime, by output. about: training, metrics and licences, as far as they are told.
    """

    kind: Literal["bundle", "checkpoint"]
    name: str
    network: dict[str, Any]
    tower: dict[str, Any] | None
    prompt: dict[str, Any]
    files: list[File]
    about: dict[str, Any]
    version: str | None = None
    format: int | None = None
    opset: int | None = None
    precision: str | None = None
    differences: dict[str, float] = field(default_factory=dict)

    @property
    def intact(self) -> bool:
        """Whether every file is there, and none is known to be altered."""
        return all(file.bytes is not None and file.intact is not False for file in self.files)


def contents_of(folder: Path, *, check: bool = False) -> Contents:
    """What the bundle or the checkpoint in `folder` holds; `check` compares its files' digests.

    Bundles of other formats are read as far as they can be. Raises `BundleError` and
    `CheckpointError` where there is neither, or it cannot be read.
    """
    if (folder / MANIFEST).is_file():
        return _bundle(folder, check=check)
    if (folder / CONFIG).is_file():
        if check:
            raise CheckpointError(f"{folder} is a checkpoint, which keeps no digests to check")
        return _checkpoint(folder)
    raise BundleError(f"{folder} holds neither a bundle ({MANIFEST}) nor a checkpoint ({CONFIG})")


def _bundle(folder: Path, *, check: bool) -> Contents:
    try:
        values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        known = {f.name: values[f.name] for f in fields(Manifest) if f.name in values}
        manifest = Manifest(**known)
        files = sorted(manifest.files.items())
    except (TypeError, AttributeError) as error:
        raise BundleError(f"{folder / MANIFEST} is no bundle's: something is missing") from error
    except (OSError, ValueError) as error:
        raise BundleError(f"{folder / MANIFEST} cannot be read: {error}") from error
    return Contents(
        kind="bundle",
        name=manifest.name,
        network=manifest.config,
        tower=manifest.tower,
        prompt=manifest.prompt,
        files=[_file(folder / name, digest, check=check) for name, digest in files],
        about=manifest.about,
        version=manifest.version,
        format=manifest.format,
        opset=manifest.opset,
        precision=manifest.precision,
        differences=manifest.differences,
    )


def _checkpoint(folder: Path) -> Contents:
    try:
        values: Mapping[str, Any] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        name, network, tower = values["name"], values["umie"], values["tower"]
        prompt, about = values["prompt"], values.get("about", {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{folder / CONFIG} is no checkpoint's: {error!r}") from error
    paths = [*sorted(folder.glob("*.safetensors")), folder / "tokenizer.json"]
    return Contents(
        kind="checkpoint",
        name=name,
        network=network,
        tower=tower,
        prompt=prompt,
        files=[_file(path, None, check=False) for path in paths],
        about=about,
    )


def _file(path: Path, digest: str | None, *, check: bool) -> File:
    if not path.is_file():
        return File(path.name, None, None, None, digest, False if check else None)
    numbers = numbers_in(path)
    return File(
        name=path.name,
        bytes=path.stat().st_size,
        precision=None if numbers is None else precision_of(numbers),
        parameters=None if numbers is None else numbers.total(),
        sha256=digest,
        intact=digest_of(path) == digest if check else None,
    )
