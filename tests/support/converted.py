"""Small checkpoints of the published code, converted and exported, as a user would.

A `conftest.py` that imports a fixture here gives it to its tests; a bundle is exported once per
session, for all workers, and loaded once per worker.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from export.bundle import Bundle, load_bundle
from export.checkpoint import load_checkpoint
from export.conversion import read_published, write_converted
from export.exporter import export_bundle
from service.engine.interface import Prompt, VisualFeatures
from service.engine.jobs import GenerateJob
from tasks import form
from tasks.source import Source
from tests.support.published import Published, Sizes, published_state
from tests.support.sentencepiece import SIZE, tokenizer_folder
from tests.support.umie import GATED_UNTIED, RELU_TIED
from tests.support.workers import made_once

GATED, RELU = (replace(sizes, vocabulary=SIZE) for sizes in (GATED_UNTIED, RELU_TIED))


@dataclass(frozen=True)
class Converted:
    """A published model, and the folder with its `checkpoint` and its `bundle`.

    The gate averages over padding, as the published code's does.
    """

    published: Published
    folder: Path
    bundle: Bundle


def published_file(path: Path, sizes: Sizes, dtype: torch.dtype = torch.float32) -> Path:
    """A checkpoint as distributed training writes it."""
    state = published_state(sizes)
    torch.save({f"module.{key}": tensor.to(dtype) for key, tensor in state.items()}, path)
    return path


def unconstrained(ids: Tensor, mask: Tensor, states: Tensor) -> GenerateJob:
    """Return an unconstrained job of ids (L,) and an image with states (37, d)."""
    length = int(mask.sum())
    source = Source("", tuple(ids[:length].tolist()), (0,) * length, ())
    no_boxes = np.zeros((0, 4), dtype=np.float32)
    visual = VisualFeatures(no_boxes, (), no_boxes[:, 0], states.numpy())
    return GenerateJob(Prompt(source, form.ENTITIES, constrained=False), visual)


_MADE = pytest.StashKey[dict[Sizes, Converted]]()


def _export(folder: Path, sizes: Sizes) -> None:
    path = published_file(folder / "Base-Epoch29.pth", sizes)
    conversion = read_published(path, tokenizer_folder(folder / "t5"), "converted", "all")
    write_converted(conversion, folder / "checkpoint")
    export_bundle(load_checkpoint(folder / "checkpoint"), folder / "bundle")


def converted(sizes: Sizes, config: pytest.Config, factory: pytest.TempPathFactory) -> Converted:
    """The model of `sizes`, made at its first use in a session."""
    made = config.stash.setdefault(_MADE, {})
    if sizes not in made:
        name = "converted-gated" if sizes.gated else "converted-relu"
        folder = made_once(name, factory, lambda folder: _export(folder, sizes))
        published = Published(published_state(sizes), sizes)
        made[sizes] = Converted(published, folder, load_bundle(folder / "bundle", threads=1))
    return made[sizes]


@pytest.fixture(scope="session")
def converted_gated(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Converted:
    """With gated feed-forwards and an LM head of its own."""
    return converted(GATED, pytestconfig, tmp_path_factory)


@pytest.fixture(scope="session")
def converted_relu(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Converted:
    """With ReLU and tied embeddings."""
    return converted(RELU, pytestconfig, tmp_path_factory)
