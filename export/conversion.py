"""A checkpoint of the published code as one of ours."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch

from export.checkpoint import Checkpoint, PromptConfig, save_checkpoint
from export.published import from_published
from export.state_file import read_state
from export.t5_tokenizer import read_t5_tokenizer
from models.umie import UMIE
from tasks.errors import CheckpointError

_TOKENS = 256
_PRECISIONS = {torch.float32, torch.bfloat16, torch.float16}


@dataclass(frozen=True)
class Conversion:
    """A converted checkpoint, the precision it had, and the weights that were left behind."""

    checkpoint: Checkpoint
    dtype: torch.dtype
    unused: list[str]


def read_published(path: Path, tokenizer: Path, name: str) -> Conversion:
    """Read a published checkpoint.

    Args:
        path: the file that the published training script wrote.
        tokenizer: folder of the T5 tokenizer that it was trained with.
        name: what to call the model.

    Raises `CheckpointError` where either is not what it should be or they do not go together.
    """
    config, weights, unused = from_published(read_state(path))
    dtypes = {tensor.dtype for tensor in weights.values()}
    if len(dtypes) > 1 or not dtypes <= _PRECISIONS:
        raise CheckpointError(f"{path} mixes precisions: {sorted(map(str, dtypes))}")
    pieces = read_t5_tokenizer(tokenizer, config.vocab_size)
    with torch.device("meta"):
        model = UMIE(config)
    model.load_state_dict({n: t.float() for n, t in weights.items()}, assign=True)
    # as the published prompts are cut, with nothing between sentence and instruction
    prompt = PromptConfig(_TOKENS, _TOKENS, separator="", least_region_score=0.0)
    about = {"converted_from": path.name}
    checkpoint = Checkpoint(name, model.eval(), None, pieces, prompt, about)
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
