"""Prompts through the fusion graph: what the decoder reads, computed for a whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

import numpy as np
from torch.utils.dlpack import from_dlpack

from export.bundle import Bundle
from models.config import VISUAL_ROWS
from models.umie import Memory
from service.engine.interface import Prompt, VisualFeatures
from service.engine.streams import NO_LOCK


class FusionEncoder:
    """The fusion graph of a bundle; its outputs stay on the device that computed them.

    They are the graph's own memory, lent to torch: whoever lets go of them must have waited until
    torch has read them. `lock` is held while the device is at work.
    """

    def __init__(self, bundle: Bundle, lock: AbstractContextManager[object] = NO_LOCK) -> None:
        self._lock = lock
        self._session = bundle.fusion
        self._pad = bundle.prompter.tokenizer.markers.pad
        self._no_states = np.zeros((VISUAL_ROWS, bundle.config.d_model), dtype=np.float32)
        # a graph has no input that its weights do not read
        self._inputs = {given.name for given in bundle.fusion.get_inputs()}
        self._outputs = [made.name for made in bundle.fusion.get_outputs()]
        provider = bundle.fusion.get_providers()[0]
        self._device = "cuda" if provider == "CUDAExecutionProvider" else "cpu"

    def fuse(self, prompts: Sequence[Prompt], visual: Sequence[VisualFeatures | None]) -> Memory:
        """The memory of a batch; prompts are padded on the right to the longest."""
        binding = self._session.io_binding()
        for name, array in self._feeds(prompts, visual).items():
            if name in self._inputs:
                binding.bind_cpu_input(name, array)
        for name in self._outputs:
            binding.bind_output(name, self._device)
        with self._lock:
            self._session.run_with_iobinding(binding)
            # the graph has a stream of its own
            binding.synchronize_outputs()
        outputs = [from_dlpack(value) for value in binding.get_outputs()]
        return Memory(outputs[0], outputs[1], outputs[2] if len(outputs) > 2 else None)

    def _feeds(
        self, prompts: Sequence[Prompt], visual: Sequence[VisualFeatures | None]
    ) -> dict[str, np.ndarray]:
        # 2, since the graph's length begins there
        width = max(2, *(len(prompt.source.ids) for prompt in prompts))
        shape = (len(prompts), width)
        ids = np.full(shape, self._pad, dtype=np.int64)
        mask, cases = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for row, prompt in enumerate(prompts):
            length = len(prompt.source.ids)
            ids[row, :length] = prompt.source.ids
            cases[row, :length] = prompt.source.cases
            mask[row, :length] = 1
        states = np.stack([self._no_states if one is None else one.states for one in visual])
        present = np.array([one is not None for one in visual], dtype=np.float32)
        return {"ids": ids, "mask": mask, "cases": cases, "states": states, "present": present}
