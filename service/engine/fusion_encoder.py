"""The fusion graph: encodes a batch of prompts, fused with the visual features of their images."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

import numpy as np
from torch.utils.dlpack import from_dlpack

from export.bundle import Bundle
from models.config import VISUAL_ROWS
from models.umie import Memory
from service.engine.device import NO_LOCK
from service.engine.interface import Prompt, VisualFeatures


class FusionEncoder:
    """The fusion graph of a bundle. Its outputs stay on the device that computed them.

    The outputs are memory of ONNX Runtime which torch reads without a copy. Before they are freed,
    the caller must wait until torch has read them.

    Args:
        bundle: the bundle.
        lock: held while the graph runs.
    """

    def __init__(self, bundle: Bundle, lock: AbstractContextManager[object] = NO_LOCK) -> None:
        self._lock = lock
        self._session = bundle.fusion
        self._pad = bundle.prompter.tokenizer.markers.pad
        self._no_states = np.zeros((VISUAL_ROWS, bundle.config.d_model), dtype=np.float32)
        # a graph has only those inputs that its weights read
        self._inputs = {node.name for node in bundle.fusion.get_inputs()}
        self._outputs = [node.name for node in bundle.fusion.get_outputs()]
        provider = bundle.fusion.get_providers()[0]
        self._device = "cuda" if provider == "CUDAExecutionProvider" else "cpu"

    def fuse(self, prompts: Sequence[Prompt], visual: Sequence[VisualFeatures | None]) -> Memory:
        """Encode a batch, padded on the right to the longest prompt.

        Args:
            prompts: B prompts.
            visual: the features of each prompt's image, None without an image.

        Returns:
            The memory that the decoder attends to, one row per prompt.
        """
        binding = self._session.io_binding()
        for name, array in self._feeds(prompts, visual).items():
            if name in self._inputs:
                binding.bind_cpu_input(name, array)
        for name in self._outputs:
            binding.bind_output(name, self._device)
        with self._lock:
            self._session.run_with_iobinding(binding)
            binding.synchronize_outputs()  # the graph runs on a stream of its own
        outputs = [from_dlpack(value) for value in binding.get_outputs()]
        return Memory(outputs[0], outputs[1], outputs[2] if len(outputs) > 2 else None)

    def _feeds(
        self, prompts: Sequence[Prompt], visual: Sequence[VisualFeatures | None]
    ) -> dict[str, np.ndarray]:
        # the graph takes at least 2 tokens
        width = max(2, *(len(prompt.source.ids) for prompt in prompts))
        shape = (len(prompts), width)
        ids = np.full(shape, self._pad, dtype=np.int64)
        mask, cases = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for row, prompt in enumerate(prompts):
            length = len(prompt.source.ids)
            ids[row, :length] = prompt.source.ids
            cases[row, :length] = prompt.source.cases
            mask[row, :length] = 1
        states = np.stack([self._no_states if v is None else v.states for v in visual])
        present = np.array([v is not None for v in visual], dtype=np.float32)
        return {"ids": ids, "mask": mask, "cases": cases, "states": states, "present": present}
