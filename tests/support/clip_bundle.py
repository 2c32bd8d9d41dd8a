"""A converted checkpoint with a tiny CLIP tower, as a bundle.

A `conftest.py` that imports the fixture here gives it to its tests.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import save_file

from export import exporter
from export.bundle import Bundle, load_bundle
from export.checkpoint import load_checkpoint
from export.clip_weights import read_clip_tower
from export.exporter import export_bundle
from export.manifest import FUSION
from export.onnx_tracing import Trace, write_graph
from tests.support.clip import TINY, openai_state
from tests.support.converted import Converted
from tests.support.workers import made_once


@pytest.fixture(scope="session")
def clip_folder(converted_relu: Converted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle's folder, made once a session; its fusion graph is traced without the tower."""

    def export(folder: Path) -> None:
        save_file(openai_state(), folder / "rn.safetensors")
        tower = read_clip_tower(folder / "rn.safetensors", TINY)
        checkpoint = load_checkpoint(converted_relu.folder / "checkpoint")

        def write(trace: Trace, path: Path) -> None:
            if path.name == FUSION:
                shutil.copy(converted_relu.folder / "bundle" / FUSION, path)
            else:
                write_graph(trace, path)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(exporter, "write_graph", write)
            export_bundle(replace(checkpoint, tower=tower), folder / "bundle")

    return made_once("clip", tmp_path_factory, export) / "bundle"


@pytest.fixture(scope="session")
def clip_bundle(clip_folder: Path) -> Bundle:
    """The bundle, loaded."""
    return load_bundle(clip_folder, threads=1)
