"""The device of the model, and how threads and streams share it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch

from export.bundle import Bundle
from tasks.errors import EngineUnavailable

log = logging.getLogger(__name__)

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["fp32", "bf16"]

NO_LOCK: AbstractContextManager[object] = nullcontext()
"""The lock of a device that threads may use at the same time."""

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_CORES = torch.get_num_threads()  # before an engine sets a smaller number
_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def providers_for(device: Device) -> list[str] | None:
    """Return ONNX Runtime's providers for a device by preference; None for its own choice."""
    return {"auto": None, "cpu": [_CPU], "cuda": [_CUDA, _CPU]}[device]


def lanes_for(bundle: Bundle) -> int:
    """Return how many encoder threads, or lanes, the engine needs.

    Two on the CPU: an operator that runs on all cores waits for the slowest of them, and the other
    lane uses the idle ones.
    """
    return 2 if bundle.decoder.output_embeddings.device.type == "cpu" else 1


def decoder_threads(threads: int) -> int:
    """Return how many threads the decoder's operators use.

    Half of all: its operators are small, and the encoder lanes run at the same time.

    Args:
        threads: threads of the whole engine; 0 for one per core.
    """
    return max(1, (threads or _CORES) // 2)


def place_decoder(bundle: Bundle, device: Device, precision: Precision) -> None:
    """Move the decoder to the device on which the bundle's graphs run.

    Raises:
        EngineUnavailable: `device` is "cuda" and a graph runs on another device. ONNX Runtime
            reports no error where it cannot load CUDA's libraries.
    """
    sessions = [bundle.fusion, *([bundle.visual] if bundle.visual is not None else [])]
    providers = {session.get_providers()[0] for session in sessions}
    if device == "cuda" and providers != {_CUDA}:
        raise EngineUnavailable(f"CUDA was asked for, but ONNX Runtime has {', '.join(providers)}")
    if device == "auto" and torch.cuda.is_available() and providers != {_CUDA}:
        log.warning("there is a CUDA device, but ONNX Runtime cannot use it; the CPU is used")
    bundle.decoder.to(device="cuda" if providers == {_CUDA} else "cpu", dtype=_TYPES[precision])


def lock_for(device: torch.device) -> AbstractContextManager[object]:
    """Return the lock that excludes other threads from a device while CUDA graphs are recorded.

    While one thread records, the CUDA runtime refuses calls that wait for the device (error 900).
    On the CPU nothing is recorded, and graphs run concurrently.
    """
    return threading.Lock() if device.type == "cuda" else NO_LOCK


def wait_for(device: torch.device) -> Callable[[], None]:
    """Return a function that blocks until torch has completed this thread's work on a device.

    Call it before memory is freed that torch reads and another library owns: ONNX Runtime and
    torch have separate streams, and each reuses memory in the order of its own stream. On the CPU
    the work is complete when a call returns.
    """
    if device.type != "cuda":
        return _do_nothing
    return lambda: torch.cuda.current_stream(device).synchronize()


def _do_nothing() -> None:
    """Return at once."""
