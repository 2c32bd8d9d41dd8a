"""Converts a checkpoint of the published code to this project's format."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from export.checkpoint import Checkpoint, PromptConfig, save_checkpoint
from export.published import from_published
from export.state_file import read_state
from export.t5_tokenizer import read_t5_tokenizer
from models.clip_tower import ClipTower
from models.meta_init import meta_init
from models.umie import UMIE
from tasks.errors import CheckpointError

_TOKENS = 256
_PRECISIONS = {torch.float32, torch.bfloat16, torch.float16}


@dataclass(frozen=True)
class Conversion:
    """A converted checkpoint, the precision it has, and the weights that were left behind.

    The checkpoint's weights are those of the file, in its precision and mapped into memory.
    """

    checkpoint: Checkpoint
    dtype: torch.dtype
    unused: list[str]


def read_published(
    path: Path,
    tokenizer: Path,
    name: str,
    gate_pool: Literal["masked", "all"] = "masked",
    tower: ClipTower | None = None,
) -> Conversion:
    """Read a published checkpoint.

    Args:
        path: the file that the published training script wrote.
        tokenizer: folder of the T5 tokenizer that it was trained with.
        name: what to call the model.
        gate_pool: whether the gate averages over padding; see `UMIEConfig`.
        tower: what computes feature rows like those it was trained with; the file holds none.

    Raises `CheckpointError` if either is invalid or they do not match.
    """
    config, weights, unused = from_published(read_state(path))
    dtypes = {tensor.dtype for tensor in weights.values()}
    if len(dtypes) > 1 or not dtypes <= _PRECISIONS:
        raise CheckpointError(f"{path} mixes precisions: {sorted(map(str, dtypes))}")
    pieces = read_t5_tokenizer(tokenizer, config.vocab_size)
    with meta_init():
        model = UMIE(config.with_(gate_pool=gate_pool))
    model.load_state_dict(weights, assign=True)
    # as the published prompts are cut, with nothing between sentence and instruction
    prompt = PromptConfig(_TOKENS, _TOKENS, separator="", least_region_score=0.0)
    about = {"converted_from": path.name}
    checkpoint = Checkpoint(name, model.eval(), tower, pieces, prompt, about)
    return Conversion(checkpoint, dtypes.pop(), unused)


def write_converted(conversion: Conversion, out: Path) -> None:
    """Write a conversion to `out`, whole or not at all, in the precision it had.

    Raises `CheckpointError` where `out` holds something already.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CheckpointError(f"{out} exists and is not empty; it is left as it is")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
        folder = Path(name) / "checkpoint"
        save_checkpoint(conversion.checkpoint, folder, conversion.dtype)
        folder.rename(out)
