"""Compares the outputs of a bundle's graphs with torch's."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from export.bundle import open_session
from export.checkpoint import Checkpoint
from export.graphs import ClipVisualGraph, FusionGraph, VisualGraph, visual_graph
from export.manifest import FUSION, VISUAL
from models.config import VISUAL_ROWS

Precision = Literal["fp32", "int8"]
"""Of the fusion graph's weights."""

TOLERANCES: dict[str, float] = {"fp32": 1e-3, "int8": 0.5}
"""Largest accepted difference of an output; a quantised graph was compared in fp32 before.

Of the shipped weights int8 makes one of 0.25, in keys and values whose standard deviation is 2.7.
"""

_BATCHES = (1, 3)


def compare(checkpoint: Checkpoint, folder: Path) -> dict[str, float]:
    """The largest difference of every output between torch and ONNX Runtime on the CPU.

    Inputs are drawn from a fixed seed: pictures of smooth noise, with and without boxes of their
    own, and prompts of several lengths with padding, with and without a picture. An output of
    another shape is infinitely different.
    """
    generator = torch.Generator().manual_seed(0)
    differences: dict[str, float] = {}
    visual_states = list(_visual_states(checkpoint, folder, generator, differences))
    graph = FusionGraph(checkpoint.model).eval()
    session = open_session(folder / FUSION, 0, ["CPUExecutionProvider"])
    for batch, states in zip(_BATCHES, visual_states, strict=True):
        for length in (2, 40, 160):
            prompts = _prompts(batch, length, checkpoint.model.config.vocab_size, generator)
            present = (torch.arange(batch) % 2 == 0).float()
            _measure(graph, session, (*prompts, states, present), differences)
    return differences


def beyond(differences: dict[str, float], precision: str = "fp32") -> dict[str, float]:
    """Those of `differences` that exceed a precision's tolerance, no number among them."""
    most = TOLERANCES[precision]
    return {name: value for name, value in differences.items() if not value <= most}


def _visual_states(
    checkpoint: Checkpoint,
    folder: Path,
    generator: torch.Generator,
    differences: dict[str, float],
) -> Iterator[Tensor]:
    """Visual states (B, 37, d) of every batch, random if there is no tower."""
    if checkpoint.tower is None:
        for batch in _BATCHES:
            yield torch.randn(
                batch, VISUAL_ROWS, checkpoint.model.config.d_model, generator=generator
            )
        return
    graph = visual_graph(checkpoint.tower, checkpoint.model).eval()
    session = open_session(folder / VISUAL, 0, ["CPUExecutionProvider"])
    size = graph.tower.config.image_size
    for batch in _BATCHES:
        if isinstance(graph, ClipVisualGraph):
            yield torch.cat(
                [
                    _measure(graph, session, _crops(count, size, generator), differences)[-1]
                    for count in range(1, batch + 1)
                ]
            )
            continue
        given = (torch.arange(batch) % 2 == 1).float()
        inputs = (_pictures(batch, size, generator), _boxes(batch, generator), given)
        yield _measure(graph, session, inputs, differences)[-1]


def _measure(
    graph: VisualGraph | ClipVisualGraph | FusionGraph,
    session: ort.InferenceSession,
    inputs: tuple[Tensor, ...],
    differences: dict[str, float],
) -> tuple[Tensor, ...]:
    with torch.inference_mode():
        wanted = graph(*inputs)
    given = dict(zip(graph.INPUTS, inputs, strict=True))
    # a graph may have dropped an input that it does not read
    feeds = {entry.name: given[entry.name].numpy() for entry in session.get_inputs()}
    got = session.run(list(graph.OUTPUTS[: len(wanted)]), feeds)
    for name, want, have in zip(graph.OUTPUTS, wanted, got, strict=False):
        # numpy's maximum keeps NaN, Python's may drop it
        largest = np.maximum(differences.get(name, 0.0), _difference(want.numpy(), have))
        differences[name] = float(largest)
    return wanted


def _difference(wanted: NDArray[Any], got: NDArray[Any]) -> float:
    if wanted.shape != got.shape:
        return math.inf
    return float(np.abs(wanted.astype(np.float64) - got).max())


def _pictures(batch: int, size: int, generator: torch.Generator) -> Tensor:
    coarse = torch.randn(batch, 3, 12, 12, generator=generator)
    return F.interpolate(coarse, size=(size, size), mode="bilinear")


def _crops(count: int, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    boxes = _boxes(1, generator)[0, :count]
    return _pictures(count, size, generator), F.pad(boxes, (0, 0, 0, VISUAL_ROWS - count))


def _boxes(batch: int, generator: torch.Generator) -> Tensor:
    corners = torch.rand(batch, 36, 2, 2, generator=generator)
    boxes = torch.cat([corners.amin(dim=2), corners.amax(dim=2)], dim=-1)
    boxes[:, 20:] = 0.0
    return boxes


def _prompts(
    batch: int, length: int, vocabulary: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    ids = torch.randint(0, vocabulary, (batch, length), generator=generator)
    lengths = torch.randint(1, length + 1, (batch, 1), generator=generator)
    lengths[0] = length
    mask = (torch.arange(length) < lengths).long()
    cases = torch.randint(0, 4, (batch, length), generator=generator)
    return ids * mask, mask, cases
