"""Tiny bundles for the commands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from export.manifest import FILE
from tests.support.bundle import tiny_folder as tiny_folder
from tests.support.converted import converted_relu as converted_relu
from tests.support.serving import serving

_ROOM = {"max_text_tokens": 400, "max_tokens": 500}


@pytest.fixture(scope="session")
def roomy(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny `checkpoint` and its `bundle`, with longer prompts.

    Tiny tokens are letters, so sentences are long.
    """
    folder = tmp_path_factory.mktemp("roomy")
    for part, file in (("bundle", FILE), ("checkpoint", "config.json")):
        shutil.copytree(tiny_folder / part, folder / part)
        values = json.loads((folder / part / file).read_text(encoding="utf-8"))
        values["prompt"] |= _ROOM
        (folder / part / file).write_text(json.dumps(values), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def roomy_address(roomy: Path) -> Iterator[str]:
    """The "host:port" of a service over the bundle of `roomy`."""
    with serving(roomy / "bundle") as address:
        yield address
