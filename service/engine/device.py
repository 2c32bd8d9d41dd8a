"""Which device the model runs on."""

from __future__ import annotations

import logging
from typing import Literal

import torch

from export.bundle import Bundle
from tasks.errors import EngineUnavailable

log = logging.getLogger(__name__)

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["fp32", "bf16"]

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_CORES = torch.get_num_threads()  # before an engine tells torch to take fewer
_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def providers_for(device: Device) -> list[str] | None:
    """ONNX Runtime's providers for a device, in order of preference; None: whatever works."""
    return {"auto": None, "cpu": [_CPU], "cuda": [_CUDA, _CPU]}[device]


def lanes_for(bundle: Bundle) -> int:
    """How many batches go through the graphs at once.

    Two on the CPU: an operator shared out among all cores waits for the slowest of them, and the
    other lane's has something to do meanwhile.
    """
    return 2 if bundle.decoder.output_embeddings.device.type == "cpu" else 1


def decoder_threads(threads: int) -> int:
    """Threads of the decoder's operators, of so many in all; 0: of all cores.

    Half of them: its operators are small, and the graphs run meanwhile.
    """
    return max(1, (threads or _CORES) // 2)


def place_decoder(bundle: Bundle, device: Device, precision: Precision) -> None:
    """Put the decoder where the bundle's graphs run.

    Raises `EngineUnavailable` where CUDA was asked for and a graph runs on another device: ONNX
    Runtime says nothing when it cannot load CUDA's libraries.
    """
    sessions = [bundle.fusion, *([bundle.visual] if bundle.visual is not None else [])]
    ran_by = {session.get_providers()[0] for session in sessions}
    if device == "cuda" and ran_by != {_CUDA}:
        raise EngineUnavailable(f"CUDA was asked for, but ONNX Runtime has {', '.join(ran_by)}")
    if device == "auto" and torch.cuda.is_available() and ran_by != {_CUDA}:
        log.warning("there is a CUDA device, but ONNX Runtime cannot use it; the CPU is used")
    bundle.decoder.to(device="cuda" if ran_by == {_CUDA} else "cpu", dtype=_TYPES[precision])
