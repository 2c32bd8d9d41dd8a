"""Recorded outputs of the published code, as a folder of files.

It holds config.json, state_dict.safetensors and, for every case, the files
CASE.inputs.safetensors and CASE.expected.safetensors.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from export.published import from_published
from models.config import UMIEConfig
from tasks.errors import CheckpointError

_LENGTH = "generation_max_length"
_IN, _OUT = ".inputs.safetensors", ".expected.safetensors"
_STATED = (
    "d_model",
    "d_kv",
    "d_ff",
    "num_layers",
    "num_decoder_layers",
    "num_heads",
    "vocab_size",
    "tie_word_embeddings",
    "relative_attention_num_buckets",
)

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Recordings:
    """A model of the published code and what it computed.

    config and weights are ours, the gate averaging over padding as published. length: longest
    generated target, start token included. cases: inputs and expected outputs by name.
    """

    config: UMIEConfig
    weights: Tensors
    length: int
    cases: dict[str, tuple[Tensors, Tensors]]


def read_recordings(folder: Path) -> Recordings:
    """The recordings in `folder`.

    Raises `CheckpointError` where it holds none or says something else about the weights than they
    do.
    """
    try:
        stated = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        state = load_file(folder / "state_dict.safetensors")
        names = sorted(p.name.removesuffix(_IN) for p in folder.glob(f"*{_IN}"))
        cases = {
            n: (load_file(folder / f"{n}{_IN}"), load_file(folder / f"{n}{_OUT}")) for n in names
        }
    except (OSError, ValueError, SafetensorError) as error:
        raise CheckpointError(f"{folder} holds no recordings: {error}") from error
    if not cases:
        raise CheckpointError(f"{folder} holds no recordings: no file ends in {_IN}")
    config, weights, _ = from_published(state)
    _check_stated(stated, config, folder)
    return Recordings(config.with_(gate_pool="all"), weights, stated[_LENGTH], cases)


def _check_stated(stated: dict[str, object], config: UMIEConfig, folder: Path) -> None:
    values = {**config.to_dict(), "feed_forward_proj": config.feed_forward}
    for key in (*_STATED, "feed_forward_proj"):
        if stated.get(key) != values[key]:
            raise CheckpointError(
                f"{folder / 'config.json'} says {key} {stated.get(key)}, the weights {values[key]}"
            )
    if not isinstance(stated.get(_LENGTH), int):
        raise CheckpointError(f"{folder / 'config.json'} says no {_LENGTH}")
