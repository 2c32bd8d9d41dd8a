"""A trained model on disk: config, tokenizer and safetensors in shards.

The folder holds

    config.json            UMIEConfig, TowerConfig (null without a tower) and how prompts are built
    tokenizer.json
    tower.safetensors      the visual tower, where there is one
    umie-00001.safetensors … the rest of the network, each shard below `SHARD_BYTES`
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.config import UMIEConfig
from models.tower import CompactTower
from models.tower_config import TowerConfig
from models.umie import UMIE
from tasks.errors import CheckpointError
from tasks.tokenizer import CompactTokenizer, T5Tokenizer

_UNUSABLE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RuntimeError,
    SafetensorError,
)

SHARD_BYTES = 44_000_000
"""Small enough for hosts that refuse files of 50 MB."""


@dataclass(frozen=True, slots=True)
class PromptConfig:
    """How prompts are built for these weights; see `tasks.instruction.Prompter`."""

    max_text_tokens: int
    max_tokens: int
    separator: str
    least_region_score: float


@dataclass(frozen=True)
class Checkpoint:
    """A model with everything it takes to ask it something.

    tower: None where feature rows come from elsewhere, as for converted checkpoints. tokenizer: the
    text encoder's, MiniLM's or T5's.
    """

    name: str
    model: UMIE
    tower: CompactTower | None
    tokenizer: CompactTokenizer | T5Tokenizer
    prompt: PromptConfig
    about: dict[str, Any]


def save_checkpoint(
    checkpoint: Checkpoint, folder: Path, dtype: torch.dtype = torch.float16
) -> None:
    """Write `checkpoint` as `dtype`; files of an earlier one in `folder` are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.safetensors"):
        old.unlink()
    config = {
        "name": checkpoint.name,
        "umie": checkpoint.model.config.to_dict(),
        "tower": asdict(checkpoint.tower.config) if checkpoint.tower is not None else None,
        "prompt": asdict(checkpoint.prompt),
        "about": checkpoint.about,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    checkpoint.tokenizer.save(folder / "tokenizer.json")
    if checkpoint.tower is not None:
        save_file(_narrowed(checkpoint.tower.state_dict(), dtype), folder / "tower.safetensors")
    weights = _narrowed(checkpoint.model.state_dict(), dtype)
    for number, shard in enumerate(_shards(weights), start=1):
        save_file(shard, folder / f"umie-{number:05d}.safetensors")
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)  # safetensors writes for the owner alone


def load_checkpoint(folder: Path) -> Checkpoint:
    """The checkpoint in `folder`, in fp32 and evaluation mode.

    Raises `CheckpointError` where a file is missing or damaged or a weight does not fit.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        model = UMIE(UMIEConfig.from_dict(config["umie"])).eval()
        weights: dict[str, Tensor] = {}
        for shard in sorted(folder.glob("umie-*.safetensors")):
            weights.update(load_file(shard))
        model.load_state_dict(_widened(weights))
        tower = _load_tower(config["tower"], folder / "tower.safetensors")
        kind = CompactTokenizer if model.config.text_encoder == "minilm" else T5Tokenizer
        tokenizer = kind.load(folder / "tokenizer.json")
        prompt = PromptConfig(**config["prompt"])
        about = config.get("about", {})
        return Checkpoint(config["name"], model, tower, tokenizer, prompt, about)
    except _UNUSABLE as error:
        raise CheckpointError(f"{folder} holds no usable checkpoint: {error}") from error


def _load_tower(values: dict[str, Any] | None, path: Path) -> CompactTower | None:
    if values is None:
        return None
    tower = CompactTower(TowerConfig(**_tuples(values)))
    tower.load_state_dict(_widened(load_file(path)))
    return tower.eval()


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}


def _narrowed(weights: dict[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    return {
        name: (value.to(dtype) if value.is_floating_point() else value).contiguous()
        for name, value in weights.items()
    }


def _widened(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: value.float() if value.is_floating_point() else value
        for name, value in weights.items()
    }


def _shards(weights: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    shards: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, value in weights.items():
        if shards[-1] and size + value.nbytes > SHARD_BYTES:
            shards.append({})
            size = 0
        shards[-1][name] = value
        size += value.nbytes
    return shards
