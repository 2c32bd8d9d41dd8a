"""Reads the state of a training that was interrupted, trusting nothing in it."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from tasks.errors import CheckpointError


def read_saved(path: Path, device: torch.device) -> dict[str, Any]:
    """What a training loop saved to `path`: tensors, numbers and containers of these.

    Raises `CheckpointError` where the file cannot be read or holds anything else. Code in it is
    never run.
    """
    try:
        state: Any = torch.load(path, map_location=device, weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(f"{path} holds something other than a training's state") from error
    except Exception as error:  # a pickle that was made up can fail in any way
        reason = str(error).partition("\n")[0]
        raise CheckpointError(f"{path} is cut off or no saved state ({reason})") from error
    if not isinstance(state, dict):
        raise CheckpointError(f"{path} holds no training's state; start without --resume")
    return state
