"""Loads a CLIP tower from published weights."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.models.byobnet import checkpoint_filter_fn
from torch import Tensor

from export.state_file import read_state
from models.clip_config import ClipTowerConfig
from models.clip_tower import ClipTower
from models.meta_init import meta_init
from tasks.errors import CheckpointError

_SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")
_POSITIONS = "head.pos_embed"
_OTHERS = (
    *("transformer.", "token_embedding.", "positional_embedding", "ln_final.", "text_projection"),
    *("logit_scale", "input_resolution", "context_length", "vocab_size"),
)
"""How names of OpenAI's text encoder begin, and of what it stores beside the weights."""


def read_clip_tower(source: Path, config: ClipTowerConfig | None = None) -> ClipTower:
    """The tower with the weights in `source`, a file or a folder that holds one.

    Takes timm's state dicts and OpenAI's, whose image encoder has names in "visual."; both in
    safetensors or as `torch.save` wrote them. Code in a file is never run.

    Raises `CheckpointError` where the weights cannot be read, or are not exactly the network's.
    """
    config = config or ClipTowerConfig()
    path = _file(source)
    weights = _visual(_read(path))
    try:
        with meta_init():
            tower = ClipTower(config)
    except ValueError as error:
        raise CheckpointError(str(error)) from error
    wanted = tower.network.state_dict()
    # some leave out how many batches the statistics are of, which only training asks for
    counters = {n: torch.tensor(0) for n in wanted if n.endswith("num_batches_tracked")}
    ours = counters | checkpoint_filter_fn(weights, tower.network)
    if config.positional == "zero":
        ours.pop(_POSITIONS, None)
    _check(path, ours, wanted, config.architecture)
    tower.network.load_state_dict(ours, assign=True)
    return tower.eval().requires_grad_(False)


def _file(source: Path) -> Path:
    if not source.is_dir():
        return source
    found = sorted(path for path in source.iterdir() if path.suffix in _SUFFIXES)
    # folders of models often hold the same weights twice
    safe = [path for path in found if path.suffix == ".safetensors"] or found
    if len(safe) != 1:
        raise CheckpointError(
            f"{source} holds {len(safe)} files of weights, not one; name the file"
        )
    return safe[0]


def _read(path: Path) -> dict[str, Tensor]:
    if path.suffix != ".safetensors":
        if _is_program(path):
            raise CheckpointError(
                f"{path} is a TorchScript program, as OpenAI distributes CLIP; load it with "
                "torch.jit.load and save its state_dict()"
            )
        return read_state(path)
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error


def _is_program(path: Path) -> bool:
    """Whether the file is TorchScript, whose weights cannot be read without running its code."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def _visual(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those of the image encoder, where CLIP's two are together, in fp32."""
    return {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in weights.items()
        if not name.startswith(_OTHERS)
    }


def _check(
    path: Path, ours: Mapping[str, Tensor], wanted: Mapping[str, Tensor], architecture: str
) -> None:
    wrong = {
        "lacks": sorted(wanted.keys() - ours.keys()),
        "has besides": sorted(ours.keys() - wanted.keys()),
        "has in another shape": sorted(
            name for name in wanted.keys() & ours.keys() if wanted[name].shape != ours[name].shape
        ),
    }
    for what, names in wrong.items():
        if names:
            raise CheckpointError(
                f"{path} holds no weights of {architecture}: it {what} {len(names)} of them, "
                f"{names[0]} for one"
            )
