"""A bundle's manifest: model, configuration, and the digest of every file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from tasks.errors import BundleError

FORMAT = 2
FILE = "manifest.json"
FUSION, DECODER, TOKENIZER = PARTS = ("fusion.onnx", "decoder.safetensors", "tokenizer.json")
"""The files of every bundle beside its manifest."""

VISUAL = "visual.onnx"
"""One more where there is a visual tower."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """The contents of a bundle.

    config: the model's configuration; tower: the visual tower's, with its kind, None where the
    model reads text only; prompt: how prompts are built; files: SHA-256 by file name; differences:
    the largest torch-ORT difference of every output, measured at export; about: training data,
    metrics, licences.
    """

    name: str
    opset: int
    precision: str
    config: dict[str, Any]
    tower: dict[str, Any] | None
    prompt: dict[str, Any]
    files: dict[str, str]
    differences: dict[str, float]
    about: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def version(self) -> str:
        """Name and a short digest of the weights: "umie-compact@1a2b3c4d"."""
        digest = sha256(json.dumps(self.files, sort_keys=True).encode()).hexdigest()
        return f"umie-{self.name}@{digest[:8]}"

    def write(self, folder: Path) -> None:
        """Write the manifest into `folder`."""
        (folder / FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the bundle in `folder`, its files checked against their digests.

    Raises `BundleError` where anything is missing, unknown or altered.
    """
    try:
        values = json.loads((folder / FILE).read_text(encoding="utf-8"))
        found = values["format"]
        # first of all, since another format may have other fields
        if found != FORMAT:
            raise BundleError(
                f"{folder} has bundle format {found}, this is made for {FORMAT}; "
                "export the bundle again"
            )
        manifest = Manifest(**values)
        parts = PARTS if manifest.tower is None else (VISUAL, *PARTS)
        files = {name: manifest.files[name] for name in parts} | manifest.files
    except OSError as error:
        raise BundleError(f"{folder} holds no bundle: {error}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise BundleError(f"{folder / FILE} cannot be read: {error!r}") from error
    for name, digest in files.items():
        path = folder / name
        if not path.is_file():
            raise BundleError(f"{folder} lacks {name}")
        if digest_of(path) != digest:
            raise BundleError(f"{path} is not what the manifest says; export the bundle again")
    return manifest


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
