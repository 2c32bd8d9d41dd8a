"""A checkpoint in the shape of a bundle: torch computes what ONNX Runtime would."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.bundle import Bundle
from export.checkpoint import Checkpoint, load_checkpoint
from export.graphs import ClipVisualGraph, FusionGraph, VisualGraph
from export.manifest import Manifest, digest_of
from models.clip_tower import ClipTower
from tasks.instruction import Prompter

Graph = VisualGraph | ClipVisualGraph | FusionGraph


class Named(NamedTuple):
    """An input or an output of a session."""

    name: str


class Binding:
    """What a session is to read and has made, as ONNX Runtime's IO bindings hold it."""

    def __init__(self) -> None:
        self.feeds: dict[str, NDArray[Any]] = {}
        self.made: tuple[Tensor, ...] = ()

    def bind_cpu_input(self, name: str, array: NDArray[Any]) -> None:
        """Have the input `name` read `array`."""
        self.feeds[name] = array

    def bind_output(self, name: str, device: str) -> None:
        """Outputs are all made, and lie where the network does."""

    def synchronize_outputs(self) -> None:
        """Outputs are there when `run_with_iobinding` returns."""

    def get_outputs(self) -> tuple[Tensor, ...]:
        """All outputs, in order."""
        return self.made


class TorchSession:
    """A graph that torch computes on the CPU, called as ONNX Runtime's sessions are."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph.eval()
        self._inputs, self._outputs = graph.INPUTS, graph.OUTPUTS

    def get_inputs(self) -> list[Named]:
        """What it reads."""
        return [Named(name) for name in self._inputs]

    def get_outputs(self) -> list[Named]:
        """What it makes; the last ones are missing where the network lacks them."""
        return [Named(name) for name in self._outputs]

    def get_providers(self) -> list[str]:
        """As ONNX Runtime calls the CPU."""
        return ["CPUExecutionProvider"]

    def io_binding(self) -> Binding:
        """An empty binding."""
        return Binding()

    def run_with_iobinding(self, binding: Binding) -> None:
        """Compute what `binding` feeds."""
        binding.made = self._compute(binding.feeds)

    def run(self, names: None, feeds: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """All outputs, in order."""
        return [output.numpy() for output in self._compute(feeds)]

    @torch.no_grad()
    def _compute(self, feeds: Mapping[str, NDArray[Any]]) -> tuple[Tensor, ...]:
        arrays = (np.ascontiguousarray(feeds[name]) for name in self._inputs)
        made = self._graph(*map(torch.from_numpy, arrays))
        return made if isinstance(made, tuple) else (made,)


def load_as_bundle(folder: Path) -> Bundle:
    """The checkpoint in `folder`; its version tells it from the bundle made of it.

    Raises `CheckpointError`.
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
        prompter=Prompter(
            checkpoint.tokenizer,
            prompt.max_text_tokens,
            prompt.max_tokens,
            prompt.separator,
            lines=model.config.text_encoder == "mpnet",
        ),
        least_region_score=prompt.least_region_score,
    )


def _visual(checkpoint: Checkpoint) -> TorchSession | None:
    tower = checkpoint.tower
    if tower is None:
        return None
    if isinstance(tower, ClipTower):
        return TorchSession(ClipVisualGraph(tower, checkpoint.model))
    return TorchSession(VisualGraph(tower, checkpoint.model))
