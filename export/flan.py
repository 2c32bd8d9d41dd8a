"""Initialises a UMIE model from FLAN-T5 or a similar T5 (reference section 1.1)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import torch
from huggingface_hub import snapshot_download
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from export.published import published_names
from export.state_file import read_state
from export.t5_tokenizer import read_t5_tokenizer
from models.config import PRESETS, UMIEConfig
from models.t5 import MAX_DISTANCE
from models.umie import UMIE
from tasks.errors import CheckpointError
from tasks.tokenizer import T5Tokenizer

ANY_SIZE = "t5"
"""The preset of whatever sizes a folder has."""

_HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
_BESIDE = ("config.json", "spiece.model", "tokenizer.json")
_SAFE, _PICKLED = "model.safetensors", "pytorch_model.bin"
_PATTERNS = {_SAFE: ("model*.safetensors*",), _PICKLED: ("pytorch_model*.bin*",)}
_T5_PARTS = ("shared.", "text_encoder.", "decoder.", "lm_head.")
_FEED_FORWARD = ("gated-gelu", "relu")
_NORM_EPSILON = 1e-6


def flan_folder(source: str) -> Path:
    """The folder of a T5 model: `source` itself, or what the hub has under that name.

    Raises `CheckpointError` where there is no such folder, and no network or no such model either;
    HF_HUB_OFFLINE=1 keeps to what was downloaded before.
    """
    folder = Path(source)
    if folder.is_dir():
        return folder
    if not _HUB_NAME.fullmatch(source):
        raise CheckpointError(f"{source} is no folder, nor the name of a model on the hub")
    try:
        for patterns in _PATTERNS.values():
            folder = Path(snapshot_download(source, allow_patterns=[*_BESIDE, *patterns]))
            if any(path for pattern in patterns for path in folder.glob(pattern)):
                break
    except (OSError, ValueError, httpx.HTTPError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CheckpointError(
            f"{source} is no folder and could not be fetched from the hub: {reason}"
        ) from error
    return folder


def read_flan(folder: Path, preset: str) -> tuple[UMIE, T5Tokenizer]:
    """A model initialised with T5's weights, in fp32, and its tokenizer.

    Text encoder, decoder, LM head and token embeddings are T5's, the latter two cut or extended to
    the tokenizer's pieces and the two markers; visual embedding and gated fusion begin at random.

    Args:
        folder: config.json, weights (safetensors or torch's, whole or in shards) and tokenizer.
        preset: a preset whose sizes the folder must have, or `ANY_SIZE`.

    Raises `CheckpointError` where a file is missing or damaged or T5 of another kind.
    """
    tokenizer = read_t5_tokenizer(folder)
    config = _configuration(folder / "config.json", preset, tokenizer.size)
    state = _state(folder)
    if config.tie_word_embeddings and not _is_tied(state):
        raise CheckpointError(f"{folder}: lm_head.weight is scaled as if it were shared.weight")
    model = UMIE(config)
    own = model.state_dict()
    for name, key in published_names(config).items():
        if name.startswith(_T5_PARTS):
            own[name].copy_(_weight(state, key, own[name]))
    return model, tokenizer


def _configuration(path: Path, preset: str, vocabulary: int) -> UMIEConfig:
    values = _json(path)
    try:
        layers = values.get("num_decoder_layers")
        config = UMIEConfig(
            preset=preset,
            text_encoder="t5",
            vocab_size=vocabulary,
            d_model=int(values["d_model"]),
            d_kv=int(values["d_kv"]),
            d_ff=int(values["d_ff"]),
            num_heads=int(values["num_heads"]),
            num_layers=int(values["num_layers"]),
            num_decoder_layers=int(values["num_layers"] if layers is None else layers),
            feed_forward="gated-gelu" if _is_gated(values) else "relu",
            # T5 scales the decoder's output where, and only where, it is compared with `shared`
            tie_word_embeddings=bool(_scales_output(values)),
            relative_attention_num_buckets=int(values.get("relative_attention_num_buckets", 32)),
            dropout=float(values.get("dropout_rate", 0.1)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} is no configuration of T5: {error!r}") from error
    if values.get("relative_attention_max_distance", MAX_DISTANCE) != MAX_DISTANCE:
        raise CheckpointError(f"{path}: distances reach further than {MAX_DISTANCE}, as T5's")
    if values.get("layer_norm_epsilon", _NORM_EPSILON) != _NORM_EPSILON:
        raise CheckpointError(f"{path}: the norms' epsilon is not {_NORM_EPSILON}, as T5's")
    return config if preset == ANY_SIZE else _checked(config, PRESETS[preset], path)


def _is_gated(values: dict[str, Any]) -> bool:
    kind = values.get("feed_forward_proj", "relu")
    if values.get("model_type") != "t5" or kind not in _FEED_FORWARD:
        raise ValueError(f"{values.get('model_type')} with {kind}")
    return bool(kind == "gated-gelu")


def _scales_output(values: dict[str, Any]) -> bool:
    """Later releases of transformers write the flag by its own name and call everything tied."""
    tied = values.get("tie_word_embeddings", True)
    return bool(values.get("scale_decoder_outputs", tied))


def _checked(config: UMIEConfig, preset: UMIEConfig, path: Path) -> UMIEConfig:
    found, wanted = config.to_dict(), preset.to_dict()
    wrong = [
        f"{name} {found[name]} in place of {wanted[name]}"
        for name in wanted
        if name not in ("vocab_size", "dropout") and found[name] != wanted[name]
    ]
    if wrong:
        raise CheckpointError(f"{path} has not the sizes of {preset.preset}: {', '.join(wrong)}")
    return config


def _state(folder: Path) -> dict[str, Tensor]:
    for name in (_SAFE, _PICKLED):
        if (folder / name).is_file():
            return _shard(folder / name)
        index = folder / f"{name}.index.json"
        if index.is_file():
            return _shards(index)
    raise CheckpointError(f"{folder} holds neither {_SAFE} nor {_PICKLED}, nor their shards")


def _shards(index: Path) -> dict[str, Tensor]:
    places = _json(index).get("weight_map")
    if not isinstance(places, dict):
        raise CheckpointError(f"{index} has no weight_map")
    state: dict[str, Tensor] = {}
    for name in sorted(map(str, set(places.values()))):
        if Path(name).name != name:
            raise CheckpointError(f"{index} names {name}, which is no file beside it")
        state |= _shard(index.parent / name)
    return state


def _shard(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".bin":
        return read_state(path)
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error


def _json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path} holds no settings")
    return values


def _is_tied(state: dict[str, Tensor]) -> bool:
    head, shared = state.get("lm_head.weight"), state.get("shared.weight")
    return head is None or shared is None or torch.equal(head, shared)


def _weight(state: dict[str, Tensor], key: str, own: Tensor) -> Tensor:
    tensor = state.get(key)
    if tensor is None and key == "lm_head.weight":
        tensor = state.get("shared.weight")  # where both are one, some files name it once
    if tensor is None:
        raise CheckpointError(f"{key} is missing; this is no checkpoint of T5")
    if not tensor.is_floating_point() or not bool(torch.isfinite(tensor).all()):
        raise CheckpointError(f"{key} holds something other than finite numbers")
    if key in ("shared.weight", "lm_head.weight") and tensor.ndim == 2:
        tensor = _resized(tensor.float(), len(own))
    if tensor.shape != own.shape:
        raise CheckpointError(f"{key} has shape {tuple(tensor.shape)}, not {tuple(own.shape)}")
    return tensor


def _resized(matrix: Tensor, rows: int) -> Tensor:
    """The first `rows` of (V, d); where there are fewer, more that are distributed as these."""
    more = rows - len(matrix)
    if more <= 0:
        return matrix[:rows]
    drawn = torch.randn(more, matrix.shape[1]) * matrix.std(0) + matrix.mean(0)
    return torch.cat([matrix, drawn])
