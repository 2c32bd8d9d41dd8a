"""A trained model on disk: config, tokenizer and safetensors in shards.

The folder holds

    config.json            UMIEConfig, the tower's kind and configuration (null without a tower)
                           and how prompts are built
    tokenizer.json
    tower.safetensors      the visual tower, where there is one
    umie-00001.safetensors … the rest of the network, each shard below `SHARD_BYTES` or one tensor

Of a network with adapters the shards hold what was learned; see `export.pretrained_encoder`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from export.config_kinds import load_tokenizer, tower_config, tower_values
from export.pretrained_encoder import encoder_weights, find_encoder
from models.adapters import has_adapters, is_resting, merged
from models.clip_config import ClipTowerConfig
from models.clip_tower import ClipTower
from models.config import UMIEConfig
from models.meta_init import meta_init
from models.tower import CompactTower
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
    shared_pairs: bool = False


@dataclass(frozen=True)
class Checkpoint:
    """A model with everything it takes to ask it something.

    tower: None where feature rows come from elsewhere, as for converted checkpoints. tokenizer: the
    text encoder's, MiniLM's or T5's.
    """

    name: str
    model: UMIE
    tower: CompactTower | ClipTower | None
    tokenizer: CompactTokenizer | T5Tokenizer
    prompt: PromptConfig
    about: dict[str, Any]


def save_checkpoint(
    checkpoint: Checkpoint, folder: Path, dtype: torch.dtype = torch.float16
) -> None:
    """Write `checkpoint` as `dtype`; files of an earlier one in `folder` are replaced.

    Of a network with adapters the frozen weights are left out. Takes the memory of one shard beside
    the checkpoint's own.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.safetensors"):
        old.unlink()
    config = {
        "name": checkpoint.name,
        "umie": checkpoint.model.config.to_dict(),
        "tower": tower_values(checkpoint.tower.config) if checkpoint.tower is not None else None,
        "prompt": asdict(checkpoint.prompt),
        "about": checkpoint.about,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    checkpoint.tokenizer.save(folder / "tokenizer.json")
    if checkpoint.tower is not None:
        # bfloat16 is too coarse for the statistics of normalisation
        kept = torch.float32 if dtype == torch.bfloat16 else dtype
        weights = dict(_narrowed(checkpoint.tower.state_dict(), kept))
        save_file(weights, folder / "tower.safetensors")
    learned = _learned(checkpoint.model.state_dict())
    shards = _shards(_narrowed(learned, dtype))
    for number, shard in enumerate(shards, start=1):
        save_file(shard, folder / f"umie-{number:05d}.safetensors")
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)  # safetensors writes for the owner alone


def needs_encoder(folder: Path) -> bool:
    """Whether the checkpoint in `folder` leaves out its text encoder's published weights.

    Raises `CheckpointError` where there is no checkpoint.
    """
    try:
        shards = _shard_files(folder)
        if not shards:
            raise ValueError("it has no weights")
        return any(has_adapters(load_file(shard)) for shard in shards)
    except _UNUSABLE as error:
        raise CheckpointError(f"{folder} holds no usable checkpoint: {error}") from error


def load_checkpoint(folder: Path, encoder: Path | None = None) -> Checkpoint:
    """The checkpoint in `folder`, in fp32 and evaluation mode, adapters added to what they adapt.

    Args:
        folder: where `save_checkpoint` wrote it.
        encoder: folder of the text encoder's published weights, where the checkpoint leaves them
            out; default the user's cache.

    Raises `CheckpointError` where a file is missing or damaged or a weight does not fit.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        model = _load_model(UMIEConfig.from_dict(config["umie"]), folder, encoder)
        tower = _load_tower(config["tower"], folder / "tower.safetensors")
        tokenizer = load_tokenizer(model.config.text_encoder, folder / "tokenizer.json")
        markers, brackets = tokenizer.markers, model.config.brackets
        if brackets and brackets != (markers.open, markers.close):
            raise ValueError("the network counts other brackets than the tokenizer's")
        prompt = PromptConfig(**config["prompt"])
        about = config.get("about", {})
        return Checkpoint(config["name"], model, tower, tokenizer, prompt, about)
    except _UNUSABLE as error:
        raise CheckpointError(f"{folder} holds no usable checkpoint: {error}") from error


def stored_weights(folder: Path) -> dict[str, Tensor]:
    """The network's weights as the shards in `folder` hold them, in fp32."""
    weights: dict[str, Tensor] = {}
    for shard in _shard_files(folder):
        weights.update(_widened(load_file(shard)))
    return weights


def _load_model(config: UMIEConfig, folder: Path, encoder: Path | None) -> UMIE:
    """The network, its fp32 weights mapped into memory and others widened, in either case once."""
    with meta_init():
        model = UMIE(config)
    weights = stored_weights(folder)
    if has_adapters(weights):
        base = encoder_weights(find_encoder(encoder), config.vocab_size)
        weights = merged(base, weights)
    model.load_state_dict(weights, assign=True)
    return model.eval()


def _load_tower(values: dict[str, Any] | None, path: Path) -> CompactTower | ClipTower | None:
    if values is None:
        return None
    config = tower_config(values)
    tower = ClipTower(config) if isinstance(config, ClipTowerConfig) else CompactTower(config)
    tower.load_state_dict(_widened(load_file(path)))
    return tower.eval()


def _shard_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("umie-*.safetensors"))


def _learned(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """`weights`, without those that rest where there are adapters."""
    if not has_adapters(weights):
        return weights
    return {name: value for name, value in weights.items() if not is_resting(name)}


def _narrowed(weights: dict[str, Tensor], dtype: torch.dtype) -> Iterator[tuple[str, Tensor]]:
    for name, value in weights.items():
        yield name, (value.to(dtype) if value.is_floating_point() else value).contiguous()


def _widened(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: value.float() if value.is_floating_point() else value
        for name, value in weights.items()
    }


def _shards(weights: Iterable[tuple[str, Tensor]]) -> Iterator[dict[str, Tensor]]:
    shard: dict[str, Tensor] = {}
    size = 0
    for name, value in weights:
        if shard and size + value.nbytes > SHARD_BYTES:
            yield shard
            shard, size = {}, 0
        shard[name] = value
        size += value.nbytes
    yield shard
