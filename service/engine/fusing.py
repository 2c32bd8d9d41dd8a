"""Prompts through the fusion graph: what the decoder reads, computed for a whole batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from export.bundle import Bundle
from models.umie import Memory
from service.engine.contract import Prompt, Seen


def fuse(
    bundle: Bundle, prompts: Sequence[Prompt], seen: Sequence[Seen | None]
) -> tuple[Memory, torch.Tensor]:
    """The memory of a batch and its mask (B, L); prompts are padded to the longest."""
    width = max(2, *(len(p.source.ids) for p in prompts))
    shape = (len(prompts), width)
    pad = bundle.prompter.tokenizer.markers.pad
    ids = np.full(shape, pad, dtype=np.int64)
    mask, cases = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    rows = next((s.states.shape for s in seen if s is not None), (37, bundle.config.d_model))
    states = np.zeros((len(prompts), *rows), dtype=np.float32)
    present = np.zeros(len(prompts), dtype=np.float32)
    for row, (prompt, sight) in enumerate(zip(prompts, seen, strict=True)):
        length = len(prompt.source.ids)
        ids[row, :length] = prompt.source.ids
        cases[row, :length] = prompt.source.cases
        mask[row, :length] = 1
        if sight is not None:
            states[row] = sight.states
            present[row] = 1.0
    feeds = {"ids": ids, "mask": mask, "cases": cases, "states": states, "present": present}
    outputs = [torch.from_numpy(array) for array in bundle.fusion.run(None, feeds)]
    keys = outputs[2] if len(outputs) > 2 else None
    return Memory(outputs[0], outputs[1], keys), torch.from_numpy(mask)
