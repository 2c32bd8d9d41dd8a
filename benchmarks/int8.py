"""Effects of 8-bit weights on the fusion graph: `python -m benchmarks.int8 --out FOLDER`.

Writes a copy of the bundle for each of two quantisations, to be scored with `umie evaluate
--bundle`, and prints a table: size, time, error, and how much a prompt's keys and values depend on
its batch.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic

from benchmarks.tables import number, table
from export.bundle import open_session
from export.manifest import FUSION, digest_of, read_manifest
from export.quantisation import quantise

_SHAPES = ((1, 40), (8, 48))
"""Batch sizes and tokens per prompt."""
_RUNS = 15

Feeds = dict[str, NDArray[np.float32] | NDArray[np.int64]]


def whole_tensors(source: Path, target: Path) -> None:
    """Integer products; activations share one scale, from the largest value of the batch."""
    quantize_dynamic(
        source,
        target,
        weight_type=QuantType.QInt8,
        per_channel=True,
        op_types_to_quantize=["MatMul"],
    )


def blocks(source: Path, target: Path) -> None:
    """Like `umie export --precision int8`: every row of the activations has its own scale."""
    shutil.copy(source, target)
    quantise(target)


WAYS: dict[str, Callable[[Path, Path], None]] = {"blocks": blocks, "tensors": whole_tensors}


def quantised(bundle: Path, out: Path, way: str) -> Path:
    """A copy of `bundle` under `out` with its fusion graph quantised."""
    folder = out / way
    shutil.copytree(bundle, folder, dirs_exist_ok=True)
    (folder / FUSION).unlink()
    WAYS[way](bundle / FUSION, folder / FUSION)
    manifest = read_manifest(bundle)
    files = {**manifest.files, FUSION: digest_of(folder / FUSION)}
    replace(manifest, precision="int8", files=files).write(folder)
    return folder


def feeds(batch: int, length: int, bundle: Path) -> Feeds:
    """Prompts of random tokens, each with a picture."""
    config = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))["config"]
    random = np.random.default_rng(0)
    return {
        "ids": random.integers(0, config["vocab_size"], (batch, length)),
        "mask": np.ones((batch, length), np.int64),
        "cases": random.integers(0, 4, (batch, length)),
        "states": random.normal(size=(batch, 37, config["d_model"])).astype(np.float32),
        "present": np.ones(batch, np.float32),
    }


def milliseconds(session: ort.InferenceSession, given: Feeds) -> float:
    """The median of several runs after a warm-up."""
    session.run(None, given)
    taken = []
    for _ in range(_RUNS):
        begun = time.perf_counter()
        session.run(None, given)
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken) * 1000


def cross_of(session: ort.InferenceSession, given: Feeds) -> NDArray[np.float32]:
    """Keys and values (D, 2, B, H, L, k) for the decoder."""
    (cross,) = session.run(["cross"], given)
    return np.asarray(cross)


def _row(
    name: str,
    folder: Path,
    sessions: dict[str, ort.InferenceSession],
    times: dict[tuple[str, tuple[int, int]], float],
    bundle: Path,
) -> list[str]:
    given = feeds(8, 48, bundle)
    wanted, got = cross_of(sessions["fp32"], given), cross_of(sessions[name], given)
    alone = cross_of(sessions[name], {key: value[:1] for key, value in given.items()})
    error = float(np.sqrt(np.square(got - wanted).mean()) / wanted.std())
    return [
        name,
        number((folder / FUSION).stat().st_size / 1e6),
        *(number(times[name, shape]) for shape in _SHAPES),
        f"{error:.1%}",
        f"{float(np.abs(got[:, :, :1] - alone).max()):.1e}",
    ]


def main() -> None:
    """Write the copies and print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.int8", description=__doc__)
    parser.add_argument("--bundle", type=Path, default=Path("bundles/compact"))
    parser.add_argument("--out", type=Path, required=True, help="folder for the copies")
    parser.add_argument("--threads", type=int, default=0, help="0: all cores")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)  # the quantisers log every node
    bundle: Path = arguments.bundle
    folders = {"fp32": bundle} | {way: quantised(bundle, arguments.out, way) for way in WAYS}
    sessions = {
        name: open_session(folder / FUSION, arguments.threads, ["CPUExecutionProvider"])
        for name, folder in folders.items()
    }
    runs: dict[tuple[str, tuple[int, int]], list[float]] = {}
    for _ in range(3):
        for shape in _SHAPES:
            for name, session in sessions.items():
                taken = milliseconds(session, feeds(*shape, bundle))
                runs.setdefault((name, shape), []).append(taken)
    times = {key: statistics.median(taken) for key, taken in runs.items()}
    head = ["fusion graph", "MB"]
    head += [f"ms, {batch} x {length} tokens" for batch, length in _SHAPES]
    head += ["error of keys and values", "changed by the batch"]
    rows = [_row(name, folder, sessions, times, bundle) for name, folder in folders.items()]
    print(table(head, rows))


if __name__ == "__main__":
    main()
