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

    Attributes:
        name: file name.
        bytes: size; None if the file is missing.
        precision: precision of its weights, if any.
        parameters: number of its weights, constants of a graph included.
        sha256: digest in the manifest, if any.
        intact: whether the digest matches; None if it was not checked.
    """

    name: str
    bytes: int | None
    precision: str | None
    parameters: int | None
    sha256: str | None
    intact: bool | None


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of a bundle or a checkpoint.

    Attributes:
        kind: "bundle" or "checkpoint".
        name: name of the model.
        network: configuration of the network.
        tower: configuration of the visual tower; None for text-only models.
        prompt: configuration of prompts.
        files: the files.
        about: metadata about training, metrics and licences.
        version: version in responses; None for a checkpoint.
        format: format of the bundle.
        opset: ONNX opset.
        precision: precision of the bundle.
        differences: largest difference between torch and ONNX Runtime, by output.
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
        """Whether all files exist and no checked file is altered."""
        return all(file.bytes is not None and file.intact is not False for file in self.files)


def contents_of(folder: Path, *, check: bool = False) -> Contents:
    """Inspect the bundle or checkpoint in `folder`.

    Bundles of other formats are read as far as possible.

    Args:
        folder: folder of a bundle or a checkpoint.
        check: whether to compare the digests of the files.

    Raises:
        BundleError: there is neither, or the bundle cannot be read.
        CheckpointError: the checkpoint cannot be read, or has no digests to check.
    """
    if (folder / MANIFEST).is_file():
        return _bundle(folder, check=check)
    if (folder / CONFIG).is_file():
        if check:
            raise CheckpointError(f"{folder} is a checkpoint, which has no digests to check")
        return _checkpoint(folder)
    raise BundleError(f"{folder} has neither a bundle ({MANIFEST}) nor a checkpoint ({CONFIG})")


def _bundle(folder: Path, *, check: bool) -> Contents:
    try:
        values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        known = {f.name: values[f.name] for f in fields(Manifest) if f.name in values}
        manifest = Manifest(**known)
        files = sorted(manifest.files.items())
    except (TypeError, AttributeError) as error:
        raise BundleError(
            f"{folder / MANIFEST} is not the manifest of a bundle: a value is missing"
        ) from error
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
        raise CheckpointError(
            f"{folder / CONFIG} is not the configuration of a checkpoint: {error!r}"
        ) from error
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
