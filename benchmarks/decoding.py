"""The second table, in a separate process: tokens/s of three decoders.

python -m benchmarks.decoding --answers 96 --batch 32 --runs 3
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.decoders import Assignment, CTranslate2, Decoder, Ours, Transformers, Written
from benchmarks.random_t5 import in_transformers, random_umie, write_for_ctranslate2
from models.config import PRESETS
from models.umie import UMIE


def decoders(
    model: UMIE, given: Assignment, folder: Path, device: str, threads: int
) -> dict[str, Decoder]:
    """All three with the same random weights.

    CTranslate2 is left out if it is not installed or lacks libraries for the device.
    """
    theirs = in_transformers(model)
    found: dict[str, Decoder] = {
        "ours": Ours(model, given),
        "transformers": Transformers(theirs, given),
    }
    try:
        converted = write_for_ctranslate2(theirs, folder)
        found["CTranslate2"] = CTranslate2(converted, given, device, threads)
    except (ImportError, RuntimeError, ValueError) as error:
        print(f"CTranslate2 is left out: {error}", file=sys.stderr)
    return found


def compare(given: Assignment, contenders: Mapping[str, Decoder], runs: int) -> dict[str, Any]:
    """Medians of interleaved runs after a warm-up, and the number of equal answers."""
    first = {name: decoder.write() for name, decoder in contenders.items()}
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(runs):
        for name, decoder in contenders.items():
            written = decoder.write()
            rates[name].append(written.tokens / written.seconds)
            print(
                f"decoding {number + 1}/{runs} {name}: {rates[name][-1]:.1f} tokens/s",
                file=sys.stderr,
                flush=True,
            )
    return {
        "answers": len(given.sources),
        "batch": given.batch,
        "tokens": given.tokens,
        "longest": max(given.lengths),
        "rates": {name: statistics.median(found) for name, found in rates.items()},
        "alike": {name: _alike(first["ours"], written) for name, written in first.items()},
        "steps": {name: written.steps for name, written in first.items()},
    }


def reading(model: UMIE) -> dict[str, float]:
    """The lower bound of a step: bytes of its weights, and the minimum seconds to read
    them (by a sum).
    """
    weights = [*model.decoder.parameters(), model.output_embeddings]
    return {
        "bytes": sum(weight.numel() * weight.element_size() for weight in weights),
        "seconds": min(_seconds(weights) for _ in range(5)),
    }


@torch.inference_mode()
def _seconds(weights: Sequence[Tensor]) -> float:
    started = time.perf_counter()
    torch.stack([weight.sum() for weight in weights]).tolist()
    return time.perf_counter() - started


def _alike(one: Written, other: Written) -> int:
    return sum(a == b for a, b in zip(one.ids, other.ids, strict=True))


def _main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--preset", choices=("base", "large"), default="base")
    parser.add_argument("--answers", type=int, default=96)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    config = PRESETS[options.preset]
    given = Assignment.of(options.answers, options.batch, config.vocab_size)
    with tempfile.TemporaryDirectory(prefix="decoding-") as folder:
        model = random_umie(config).to(options.device)
        found = decoders(model, given, Path(folder), options.device, options.threads)
        print(json.dumps({**compare(given, found, options.runs), "reading": reading(model)}))


if __name__ == "__main__":
    _main()
