"""Reads an untrusted checkpoint file without running code in it."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path

import torch
from torch import Tensor

from tasks.errors import CheckpointError


def read_state(path: Path) -> dict[str, Tensor]:
    """The state dict that `torch.save` wrote to `path`, on the CPU and mapped where possible.

    Raises `CheckpointError` where the file cannot be read, is cut off, holds anything but tensors
    by name or claims tensors larger than itself. Code in it is never run.
    """
    if not path.is_file():
        raise CheckpointError(f"{path} is no file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about files that are refused a moment later
            state = _load(path)
    except pickle.UnpicklingError as error:
        raise CheckpointError(f"{path} holds something other than weights") from error
    except Exception as error:  # a pickle that was made up can fail in any way
        reason = str(error).strip().splitlines()[:1]
        summary = ": ".join([type(error).__name__, *reason]).split(". ")[0]
        raise CheckpointError(f"{path} is cut off or no checkpoint ({summary})") from error
    if not isinstance(state, dict) or not state:
        raise CheckpointError(f"{path} holds no state dict")
    for name, tensor in state.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise CheckpointError(
                f"{path} holds more than weights by name: a {type(tensor).__name__} as {name!r}"
            )
        if not _is_plain(tensor):
            raise CheckpointError(f"{path} claims values for {name} that it does not hold")
    return dict(state)


def _load(path: Path) -> object:
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError as error:
        # only files in torch's zip format, standard since 1.6, can be mapped
        if "mmap" not in str(error):
            raise
    return torch.load(path, map_location="cpu", weights_only=True)


def _is_plain(tensor: Tensor) -> bool:
    """Whether every element has its own place in the tensor's storage."""
    if tensor.layout is not torch.strided or tensor.device.type != "cpu":
        return False
    return tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()
