"""Compares a bundle's fusion graph and decoder with recorded outputs of the published code.

The recorded visual states stand in for the tower's, which the published code has none of.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from export.bundle import Bundle, load_bundle
from export.parity import Difference, difference, written
from export.recordings import Recordings, Tensors, read_recordings
from tasks.errors import BundleError, CheckpointError

TOLERANCE = 1e-4
"""Absolute and relative."""

_STATES, _FUSED = "vis_embeds", "enc_hidden"


def bundle_parity(folder: Path, bundle: Path) -> list[Difference]:
    """The differences of what a bundle computes from what `folder` records.

    They are those of the gate, of every layer's cross-attention keys and values, of the decoder's
    states and logits and of the generated ids.

    Raises `CheckpointError` where the folder holds no such recordings, `BundleError` where the
    bundle is unusable or of another model.
    """
    recordings, loaded = read_recordings(folder), load_bundle(bundle)
    _check_same_model(recordings, loaded, bundle)
    differences = []
    for case, (inputs, expected) in recordings.cases.items():
        missing = {_STATES, _FUSED} - expected.keys()
        if missing:
            raise CheckpointError(f"{folder} does not record {sorted(missing)}")
        got = observe(loaded, inputs, expected[_STATES], recordings.length)
        wanted = {**expected, "cross": loaded.decoder.decoder.project(expected[_FUSED])}
        names = [name for name in got if name in wanted]
        differences += [difference(case, n, got[n], wanted[n], TOLERANCE) for n in names]
    return differences


@torch.inference_mode()
def observe(bundle: Bundle, inputs: Tensors, states: Tensor, length: int) -> Tensors:
    """The recorded outputs that a bundle computes.

    Args:
        bundle: with weights of the published code.
        inputs: input_ids and attention_mask (B, L) and decoder_input_ids (B, T).
        states: (B, 37, d) visual states.
        length: longest generated target, start token included.
    """
    ids, mask = inputs["input_ids"], inputs["attention_mask"]
    given = {
        "ids": ids,
        "mask": mask,
        "cases": torch.zeros_like(ids),
        "states": states,
        "present": torch.ones(len(ids)),
    }
    feeds = {entry.name: given[entry.name].numpy() for entry in bundle.fusion.get_inputs()}
    gate, cross = (torch.from_numpy(t) for t in bundle.fusion.run(["gate", "cross"], feeds))
    wrote = written(bundle.decoder, cross, mask, inputs["decoder_input_ids"], length)
    return {"gate_rate": gate, "cross": cross, **wrote}


def _check_same_model(recordings: Recordings, bundle: Bundle, folder: Path) -> None:
    has, wanted = bundle.config.to_dict(), recordings.config.to_dict()
    wrong = [f"{n} {has[n]} in place of {wanted[n]}" for n in wanted if has[n] != wanted[n]]
    if wrong:
        raise BundleError(f"{folder} is of another model than the recordings: {', '.join(wrong)}")
