"""The proof that a bundle's graphs compute what torch computes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.bundle import open_session
from export.checkpoint import Checkpoint
from export.graphs import FusionGraph, VisualGraph
from export.manifest import FUSION, VISUAL

TOLERANCE = 1e-3
"""Largest accepted difference of an fp32 output."""

_BATCHES = (1, 3)


def compare(checkpoint: Checkpoint, folder: Path) -> dict[str, float]:
    """The largest difference of every output between torch and ONNX Runtime on the CPU.

    Inputs are drawn from a fixed seed: pictures of smooth noise, and prompts of several lengths
    with padding, with and without a picture. An output of another shape is infinitely
    different. Raises `ExportError` where the checkpoint has no tower.
    """
    generator = torch.Generator().manual_seed(0)
    visual = VisualGraph(checkpoint.tower, checkpoint.model).eval()
    fusion = FusionGraph(checkpoint.model).eval()
    seeing = open_session(folder / VISUAL, 0, ["CPUExecutionProvider"])
    fusing = open_session(folder / FUSION, 0, ["CPUExecutionProvider"])
    differences: dict[str, float] = {}
    for batch in _BATCHES:
        pixels = _pictures(batch, visual.tower.config.image_size, generator)
        states = _measure(visual, seeing, (pixels,), differences)[-1]
        for length in (2, 40, 160):
            prompts = _prompts(batch, length, checkpoint.model.config.vocab_size, generator)
            present = (torch.arange(batch) % 2 == 0).float()
            _measure(fusion, fusing, (*prompts, states, present), differences)
    return differences


def beyond(differences: dict[str, float]) -> dict[str, float]:
    """Those of `differences` that exceed the tolerance, no number among them."""
    return {name: value for name, value in differences.items() if not value <= TOLERANCE}


def _measure(
    graph: VisualGraph | FusionGraph,
    session: ort.InferenceSession,
    inputs: tuple[Tensor, ...],
    differences: dict[str, float],
) -> tuple[Tensor, ...]:
    with torch.inference_mode():
        wanted = graph(*inputs)
    feeds = {name: tensor.numpy() for name, tensor in zip(graph.INPUTS, inputs, strict=True)}
    got = session.run(list(graph.OUTPUTS[: len(wanted)]), feeds)
    for name, want, have in zip(graph.OUTPUTS, wanted, got, strict=False):
        # numpy's maximum keeps what is not a number, Python's may drop it
        largest = np.maximum(differences.get(name, 0.0), _difference(want.numpy(), have))
        differences[name] = float(largest)
    return wanted


def _difference(wanted: NDArray[Any], got: NDArray[Any]) -> float:
    if wanted.shape != got.shape:
        return math.inf
    return float(np.abs(wanted.astype(np.float64) - got).max())


def _pictures(batch: int, size: int, generator: torch.Generator) -> Tensor:
    coarse = torch.randn(batch, 3, 12, 12, generator=generator)
    return torch.nn.functional.interpolate(coarse, size=(size, size), mode="bilinear")


def _prompts(
    batch: int, length: int, vocabulary: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    ids = torch.randint(0, vocabulary, (batch, length), generator=generator)
    lengths = torch.randint(1, length + 1, (batch, 1), generator=generator)
    lengths[0] = length
    mask = (torch.arange(length) < lengths).long()
    cases = torch.randint(0, 4, (batch, length), generator=generator)
    return ids * mask, mask, cases
