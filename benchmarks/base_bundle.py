"""Memory, time and latency of a checkpoint of FLAN-T5-base's shape, by stage.

Writes a random checkpoint as the published code writes one, a T5 tokenizer of its size and a random
CLIP RN101, then runs `umie convert`, `umie export` and `umie verify` on them, loads the bundle
and times its stages on the CPU. Every step is a separate process to measure its peak memory. Prints
Markdown.

    python -m benchmarks.base_bundle

from the repository's root; needs 5 GB of disk and takes some minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.machine import cores, cpu, versions

ROOT = Path(__file__).resolve().parents[1]
PRESETS = ("base", "large", "xl")
PACKAGES = ("torch", "onnxruntime-gpu", "onnxruntime", "onnx")


class Step(NamedTuple):
    """A finished process: wall time, and peak memory including mapped files."""

    name: str
    seconds: float
    peak_bytes: int


def main() -> None:
    """Run all steps and print the tables."""
    options = _options()
    if options.work is not None:
        options.work.mkdir(parents=True, exist_ok=True)
        print(report(options, options.work))
        return
    with tempfile.TemporaryDirectory(prefix="base-bundle-") as name:
        print(report(options, Path(name)))


def report(options: argparse.Namespace, work: Path) -> str:
    """The Markdown of one run in the folder `work`."""
    umie = Path(sys.executable).with_name("umie")
    own = (sys.executable, "-m", "benchmarks.base_bundle_parts")
    checkpoint, bundle = work / "checkpoint", work / "bundle"
    load = os.getloadavg()[0]
    written = {"none": (), "random": ("--tower", str(work / "clip.safetensors"))}
    tower = written.get(options.tower, ("--tower", options.tower))
    commands = {
        "write the checkpoint": (
            *own,
            "write",
            str(work),
            options.preset,
            options.precision,
            options.tower,
        ),
        "umie convert": (
            *(str(umie), "convert", str(work / "Base-Epoch29.pth")),
            *("--tokenizer", str(work / "t5"), "--out", str(checkpoint), *tower),
        ),
        "umie export": (str(umie), "export", "--checkpoint", str(checkpoint), "--out", str(bundle)),
        "umie verify": (
            *(str(umie), "verify", "--checkpoint", str(checkpoint), "--bundle", str(bundle)),
        ),
        "load and time": (*own, "time", str(bundle), str(work / "times.json")),
    }
    steps = []
    for number, (name, command) in enumerate(commands.items(), start=1):
        say(f"[{number}/{len(commands)}] {name}")
        steps.append(run(name, command))
        say(f"      {steps[-1].seconds:.1f} s, {steps[-1].peak_bytes / 2**30:.2f} GiB at most")
    times = json.loads((work / "times.json").read_text(encoding="utf-8"))
    return "\n\n".join(
        [machine(load), _steps(steps[1:]), _sizes(checkpoint, bundle), _times(times)]
    )


def run(name: str, command: Sequence[str]) -> Step:
    """Run a process; raises CalledProcessError if it fails.

    Its output goes to standard error, as progress.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command))
    # the kernel counts kilobytes on Linux and bytes on macOS
    unit = 1 if sys.platform == "darwin" else 1024
    return Step(name, time.perf_counter() - started, usage.ru_maxrss * unit)


def machine(load: float) -> str:
    """The machine and its load, in one line."""
    threads = os.environ.get("OMP_NUM_THREADS", "as many as cores")
    return (
        f"{cores()} cores of {cpu()}, OMP_NUM_THREADS {threads}, load average {load:.1f} before; "
        f"{', '.join(versions(PACKAGES))}"
    )


def say(line: str) -> None:
    """Show progress."""
    print(line, file=sys.stderr, flush=True)


def _steps(steps: Sequence[Step]) -> str:
    rows = [
        f"| {step.name} | {step.seconds:.1f} s | {step.peak_bytes / 2**30:.2f} GiB |"
        for step in steps
    ]
    return "\n".join(["| step | wall time | peak memory |", "|---|---|---|", *rows])


def _sizes(checkpoint: Path, bundle: Path) -> str:
    def size(path: Path) -> str:
        return f"{path.stat().st_size / 1e6:.0f} MB"

    whole = sum(path.stat().st_size for path in checkpoint.iterdir())
    rows = [f"| checkpoint, all files | {whole / 1e6:.0f} MB |"]
    rows += [f"| bundle, {path.name} | {size(path)} |" for path in sorted(bundle.iterdir())]
    return "\n".join(["| file | size |", "|---|---|", *rows])


def _times(times: dict[str, float]) -> str:
    rows = [f"| {name} | {value:,.1f} |" for name, value in times.items()]
    return "\n".join(["| stage | median, ms |", "|---|---|", *rows])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--preset", choices=PRESETS, default="base")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument(
        "--tower", default="random", help='CLIP weights; "random" (the default) or "none"'
    )
    parser.add_argument("--work", type=Path, help="an empty folder to work in and keep")
    return parser.parse_args()


if __name__ == "__main__":
    main()
