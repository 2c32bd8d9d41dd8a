"""Loads a checkpoint as a bundle: torch computes the graphs instead of ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.bundle import Bundle
from export.checkpoint import Checkpoint, load_checkpoint
from export.config_kinds import prompter_of
from export.graphs import ClipVisualGraph, FusionGraph, VisualGraph
from export.manifest import Manifest, digest_of
from models.clip_tower import ClipTower

Graph = VisualGraph | ClipVisualGraph | FusionGraph


class Named(NamedTuple):
    """Name of an input or output of a session."""

    name: str


class Binding:
    """Inputs and outputs of a session, with the interface of ONNX Runtime's IO bindings."""

    def __init__(self) -> None:
        """Create an empty binding."""
        self.feeds: dict[str, NDArray[Any]] = {}
        self.outputs: tuple[Tensor, ...] = ()

    def bind_cpu_input(self, name: str, array: NDArray[Any]) -> None:
        """Bind the input `name` to `array`."""
        self.feeds[name] = array

    def bind_output(self, name: str, device: str) -> None:
        """Do nothing: all outputs are computed, on the CPU."""

    def synchronize_outputs(self) -> None:
        """Do nothing: `run_with_iobinding` is synchronous."""

    def get_outputs(self) -> tuple[Tensor, ...]:
        """Return all outputs, in order."""
        return self.outputs


class TorchSession:
    """Computes a graph with torch on the CPU, with the interface of ONNX Runtime's sessions."""

    def __init__(self, graph: Graph) -> None:
        """Create a session of `graph`."""
        self._graph = graph.eval()
        self._inputs, self._outputs = graph.INPUTS, graph.OUTPUTS

    def get_inputs(self) -> list[Named]:
        """Return the names of the inputs."""
        return [Named(name) for name in self._inputs]

    def get_outputs(self) -> list[Named]:
        """Return the names of the outputs; optional ones at the end may not be computed."""
        return [Named(name) for name in self._outputs]

    def get_providers(self) -> list[str]:
        """Return the name of the CPU provider."""
        return ["CPUExecutionProvider"]

    def io_binding(self) -> Binding:
        """Create a binding."""
        return Binding()

    def run_with_iobinding(self, binding: Binding) -> None:
        """Compute the outputs of `binding`."""
        binding.outputs = self._compute(binding.feeds)

    def run(self, names: None, feeds: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """Compute all outputs, in order."""
        return [output.numpy() for output in self._compute(feeds)]

    @torch.no_grad()
    def _compute(self, feeds: Mapping[str, NDArray[Any]]) -> tuple[Tensor, ...]:
        arrays = (np.ascontiguousarray(feeds[name]) for name in self._inputs)
        outputs = self._graph(*map(torch.from_numpy, arrays))
        return outputs if isinstance(outputs, tuple) else (outputs,)


def load_as_bundle(folder: Path) -> Bundle:
    """Load the checkpoint in `folder`; its version differs from that of an exported bundle.

    Raises:
        CheckpointError: the checkpoint cannot be loaded.
    """
    checkpoint = load_checkpoint(folder)
    paths = [*sorted(folder.glob("*.safetensors")), folder / "tokenizer.json"]
    files = {path.name: digest_of(path) for path in paths}
    return _bundle(checkpoint, files)


def _bundle(checkpoint: Checkpoint, files: dict[str, str]) -> Bundle:
    model, tower, prompt = checkpoint.model, checkpoint.tower, checkpoint.prompt
    fusion = TorchSession(FusionGraph(model))
    return Bundle(
        manifest=Manifest(
            name=f"{checkpoint.name}-torch",
            opset=0,
            precision="fp32",
            config=model.config.to_dict(),
            tower=None,
            prompt={},
            files=files,
            differences={},
        ),
        config=model.config,
        tower=tower.config if tower is not None else None,
        visual=cast("ort.InferenceSession | None", _visual(checkpoint)),
        fusion=cast("ort.InferenceSession", fusion),
        decoder=model.requires_grad_(False),
        prompter=prompter_of(model.config, checkpoint.tokenizer, asdict(prompt)),
        least_region_score=prompt.least_region_score,
    )


def _visual(checkpoint: Checkpoint) -> TorchSession | None:
    tower = checkpoint.tower
    if tower is None:
        return None
    if isinstance(tower, ClipTower):
        return TorchSession(ClipVisualGraph(tower, checkpoint.model))
    return TorchSession(VisualGraph(tower, checkpoint.model))
