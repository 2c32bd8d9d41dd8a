"""Reads the saved state of a training run without executing code in it."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from tasks.errors import CheckpointError


def read_saved(path: Path, device: torch.device) -> dict[str, Any]:
    """Load what a training loop saved to `path`: tensors, numbers and containers of these.

    Code in the file is never executed.

    Raises:
        CheckpointError: if the file cannot be read or contains other types.
    """
    try:
        state: Any = torch.load(path, map_location=device, weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} has types that a saved training state cannot have"
        ) from error
    except Exception as error:  # a malformed pickle can raise any exception
        reason = str(error).partition("\n")[0]
        raise CheckpointError(
            f"{path} is truncated or not a saved training state ({reason})"
        ) from error
    if not isinstance(state, dict):
        raise CheckpointError(f"{path} is not a saved training state; start without --resume")
    return state
