"""What keeps threads and streams apart on a device where work is asynchronous.

ONNX Runtime and torch have streams of their own, and each reuses memory in the order of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch

NO_LOCK: AbstractContextManager[object] = nullcontext()
"""Where nothing has to be kept apart."""


def wait_for(device: torch.device) -> Callable[[], None]:
    """What waits until torch has done all that this thread has asked of a device.

    To be called before memory is given back that torch reads and somebody else owns. The CPU has
    done what it was asked for when the call returns.
    """
    if device.type != "cuda":
        return _nothing
    return lambda: torch.cuda.current_stream(device).synchronize()


def lock_for(device: torch.device) -> AbstractContextManager[object]:
    """What keeps captures of CUDA graphs apart from other threads' work on the device.

    While a thread captures, the runtime refuses what waits for the device (error 900). The CPU has
    nothing to capture, and there graphs run side by side.
    """
    return threading.Lock() if device.type == "cuda" else NO_LOCK


def _nothing() -> None:
    """Wait for nothing."""
