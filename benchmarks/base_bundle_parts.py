"""The steps of `benchmarks.base_bundle` that need the project's libraries, one process each.

python -m benchmarks.base_bundle_parts write FOLDER PRESET PRECISION TOWER
python -m benchmarks.base_bundle_parts time BUNDLE FILE
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from export.bundle import Bundle, load_bundle
from export.published import published_names
from export.unconstrained_decoding import greedy
from models.clip_config import ClipTowerConfig
from models.clip_tower import ClipTower
from models.config import PRESETS, VISUAL_ROWS, UMIEConfig
from models.umie import UMIE
from tests.support.sentencepiece import tokenizer_folder

REPEATS = 7
STEPS = 32


def write(folder: Path, preset: str, precision: str, tower: str) -> None:
    """Write a random checkpoint in the published layout, its tokenizer and optionally a tower."""
    torch.manual_seed(0)
    config = PRESETS[preset]
    state = {f"module.{name}": t for name, t in published_state(config).items()}
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    torch.save({name: t.to(dtype) for name, t in state.items()}, folder / "Base-Epoch29.pth")
    tokenizer_folder(folder / "t5", config.vocab_size)
    if tower == "random":
        weights = ClipTower(ClipTowerConfig()).network.state_dict()
        save_file(weights, folder / "clip.safetensors")


def published_state(config: UMIEConfig) -> dict[str, Tensor]:
    """Random weights with the published names, including aliases and unused ones."""
    own = UMIE(config).state_dict()
    state = {theirs: own[name] for name, theirs in published_names(config).items()}
    for alias in ("encoder.embed_tokens", "decoder.embed_tokens"):
        state[f"{alias}.weight"] = own["shared.weight"]
    state["encoder.visual_embedding.obj_order_embedding.weight"] = own["shared.weight"]
    state["encoder.gate.feat.weight"] = torch.randn(config.d_model, 512)
    for side in "tv":
        state[f"proj_{side}.weight"] = torch.randn(384, config.d_model)
        state[f"proj_{side}_2.weight"] = torch.randn(128, 384)
    return state


def measure(folder: Path) -> dict[str, float]:
    """Median milliseconds of every stage by name."""
    started = time.perf_counter()
    bundle = load_bundle(folder)
    times = {"load the bundle": (time.perf_counter() - started) * 1000}
    if bundle.visual is not None:
        times |= {
            f"visual graph, a picture and {regions} regions": median(partial(see, bundle, regions))
            for regions in (0, 10, VISUAL_ROWS - 1)
        }
    times |= {
        f"fusion graph, {tokens} tokens": median(partial(fuse, bundle, 1, tokens))
        for tokens in (64, 256)
    }
    for batch in (1, 8):
        cross = fuse(bundle, batch, 64)
        mask = torch.ones(batch, 64, dtype=torch.int64)
        decode = partial(greedy, bundle.decoder, cross, mask, 1 + STEPS)
        steps = decode().shape[1] - 1
        times[f"decoder, a token, {batch} at once"] = median(decode) / steps
    return times


def median(compute: Callable[[], object]) -> float:
    """Median milliseconds of `compute` after a warm-up."""
    compute()
    taken = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        compute()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def see(bundle: Bundle, regions: int) -> None:
    """Run the visual graph on one picture with so many regions."""
    assert bundle.visual is not None and isinstance(bundle.tower, ClipTowerConfig)
    size, crops = bundle.tower.image_size, 1 + regions
    pixels = np.random.default_rng(0).normal(size=(crops, 3, size, size)).astype(np.float32)
    boxes = np.zeros((VISUAL_ROWS, 4), dtype=np.float32)
    boxes[:crops, 2:] = 1.0
    bundle.visual.run(None, {"crops": pixels, "boxes": boxes})


def fuse(bundle: Bundle, batch: int, tokens: int) -> Tensor:
    """Cross-attention keys and values of random prompts with a picture."""
    generator = np.random.default_rng(0)
    given = {
        "ids": generator.integers(2, bundle.config.vocab_size, (batch, tokens)),
        "mask": np.ones((batch, tokens), dtype=np.int64),
        "cases": np.zeros((batch, tokens), dtype=np.int64),
        "states": np.zeros((batch, VISUAL_ROWS, bundle.config.d_model), dtype=np.float32),
        "present": np.ones(batch, dtype=np.float32),
    }
    feeds = {entry.name: given[entry.name] for entry in bundle.fusion.get_inputs()}
    (cross,) = bundle.fusion.run(["cross"], feeds)
    return torch.from_numpy(cross)


if __name__ == "__main__":
    step, *arguments = sys.argv[1:]
    if step == "write":
        write(Path(arguments[0]), *arguments[1:])
    else:
        times = measure(Path(arguments[0]))
        Path(arguments[1]).write_text(json.dumps(times), encoding="utf-8")
