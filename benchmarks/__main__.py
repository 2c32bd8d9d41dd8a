"""Compares the service with other ways to serve it: `python -m benchmarks`, or `make bench`.

Starts every contender as a separate process with the same weights, sends them the same requests,
checks that their answers agree and prints tables of medians over interleaved runs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.contenders import (
    TITLES,
    Conditions,
    Contender,
    Inside,
    Server,
    contenders,
    inside,
    service,
)
from benchmarks.machine import cores
from benchmarks.processes import ROOT, ContenderFailed
from benchmarks.report import Report, costs_markdown, decoding_markdown
from benchmarks.serving import compare, say, serving_markdown
from benchmarks.upkeep import endure, ready_seconds, unloaded, upkeep_markdown, upkeep_values
from benchmarks.workload import Workload, workload
from tasks.errors import UMIEError

_PACKAGES = ("ctranslate2", "litserve", "psutil")
DOCUMENT = ROOT / "docs" / "benchmarks.md"
PARTS = ("serving", "decoding", "costs", "upkeep")

_PLACES = {"--data": "~/corpora", "--checkpoint": "~/checkpoint", "--bundle": "~/bundle"}


def main() -> int:
    """Measure and print; returns 1 if answers differ, 2 if the measurement is not possible."""
    options = _options()
    if (obstacle := _obstacle(options)) is not None:
        print(obstacle, file=sys.stderr)
        return 2
    if options.check:
        return 0
    parts: dict[str, tuple[str, Any]] = {}
    try:
        load = workload(options.data, options.requests)
        with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
            differ = _measure(options, load, Path(folder), parts)
    except (ContenderFailed, UMIEError) as error:
        for title, (text, _) in parts.items():
            print(f"### {title}\n\n{text}\n")
        print(error, file=sys.stderr)
        return 2
    date = datetime.now(UTC).date().isoformat()
    command = (".venv/bin/python", "-m", "benchmarks", *shown(sys.argv[1:]))
    report = Report(command, date, load.about, parts)
    print(report.markdown())
    if options.write:
        report.write(DOCUMENT)
    return 1 if differ else 0


def _measure(
    options: argparse.Namespace,
    load: Workload,
    folder: Path,
    parts: dict[str, tuple[str, Any]],
) -> bool:
    """Measure the selected parts and add each to the report; returns whether answers differ."""
    common = Conditions(
        options.checkpoint,
        options.bundle,
        folder / "workload.ndjson",
        folder,
        options.device,
        options.threads,
    )
    load.write(common.workload)
    differ = False
    if "serving" in options.parts:
        with _running(contenders(common, options.only)) as started:
            found = compare(
                started, len(load.bodies), options.clients, options.seconds, options.rounds
            )
        parts["Serving"] = serving_markdown(found), found.values()
        differ = any(found.differing.values())
    if "decoding" in options.parts:
        decoded = _decoding(options)
        parts["Decoding"] = decoding_markdown(decoded), decoded
        differ |= any(count < decoded["answers"] for count in decoded["alike"].values())
    if "costs" in options.parts:
        with _running({"c": inside(common)}) as started:
            found_costs = _inside(started).process.tell({"do": "costs", "repeats": options.repeats})
        parts["Costs"] = costs_markdown(found_costs), found_costs
    if "upkeep" in options.parts or options.endurance:
        upkeep = _upkeep(options, common, load)
        parts["Upkeep"] = upkeep_markdown(*upkeep), upkeep_values(*upkeep)
    return differ


def shown(arguments: Sequence[str]) -> Iterator[str]:
    """The arguments without paths of this machine, for the report."""
    for before, argument in pairwise(("", *arguments)):
        yield _PLACES.get(before, argument)


def _upkeep(options: argparse.Namespace, common: Conditions, load: Workload) -> tuple[Any, ...]:
    ready = rows = endured = None
    if "upkeep" in options.parts:
        ready = ready_seconds(common, options.rounds)
        with _running({"c": inside(common)}) as started:
            rows = unloaded(common, _inside(started), load, options.seconds, options.rounds)
    if options.endurance:
        with _running({"d": service(common)}) as started:
            server = started["d"]
            assert isinstance(server, Server)
            endured = endure(server, options.endurance)
    return ready, rows, endured


def _decoding(options: argparse.Namespace) -> Any:
    command = (
        *(sys.executable, "-m", "benchmarks.decoding", "--device", options.device),
        *("--threads", str(options.threads), "--runs", str(options.rounds)),
        *("--answers", str(options.answers), "--batch", str(options.batch)),
    )
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise ContenderFailed("decoding could not be measured; what went wrong stands above")
    return json.loads(done.stdout)


@contextmanager
def _running(chosen: Mapping[str, Contender]) -> Iterator[Mapping[str, Contender]]:
    """Start contenders, and stop them at the end."""
    started = []
    try:
        for letter, contender in chosen.items():
            started.append(contender)
            seconds = contender.start()
            say(f"({letter}) {TITLES[letter]} is ready after {seconds:.1f} s")
        yield chosen
    finally:
        for contender in started:
            contender.stop()


def _inside(started: Mapping[str, Contender]) -> Inside:
    engine = started["c"]
    assert isinstance(engine, Inside)
    return engine


def _obstacle(options: argparse.Namespace) -> str | None:
    """Why the measurement is not possible, in one line; with --check only for the device."""
    if options.device == "cuda" and not _has_cuda():
        return "there is no CUDA device here: torch sees none"
    if options.check:
        return None
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        return f"{', '.join(missing)} is missing: `make bench` installs it"
    if options.write and not DOCUMENT.is_file():
        return f"there is no {DOCUMENT} to write into"
    if not (options.bundle / "manifest.json").is_file():
        return f"{options.bundle} holds no bundle: `make export` makes the shipped weights' one"
    return None


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="a few minutes; figures of little worth")
    add("--device", choices=("cpu", "cuda"), default="cpu")
    add("--data", type=Path, help="folder of the corpora; default: texts and pictures of examples/")
    add("--checkpoint", type=Path, default=ROOT / "weights" / "compact")
    add("--bundle", type=Path, default=ROOT / "bundles" / "compact")
    add("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure")
    add("--only", nargs="+", choices=tuple(TITLES), default=tuple(TITLES), help="contenders")
    add("--clients", nargs="+", type=int, help="how many ask at once")
    add("--seconds", type=float, help="of each run's window")
    add("--rounds", type=int, help="how often everything is measured in turn")
    add("--requests", type=int, help="how many different ones there are")
    add("--answers", type=int, help="how many the decoders write")
    add("--batch", type=int, help="how many of these at once")
    add("--repeats", type=int, help="of each row of the costs")
    add("--threads", type=int, default=cores(), help="for every contender; default all cores")
    add("--endurance", type=int, default=0, metavar="N", help="watch memory over N requests")
    add("--check", action="store_true", help="only tell whether the device is there")
    add("--write", action="store_true", help=f"into {DOCUMENT.relative_to(ROOT)}")
    options = parser.parse_args()
    for name, (usual, quick) in _USUAL.items():
        if getattr(options, name) is None:
            setattr(options, name, quick if options.quick else usual)
    return options


_USUAL: dict[str, tuple[Any, Any]] = {
    "clients": ((1, 8, 32, 64), (1, 32)),
    "seconds": (8.0, 3.0),
    "rounds": (3, 1),
    "requests": (96, 24),
    "answers": (96, 16),
    "batch": (32, 8),
    "repeats": (15, 3),
}
"""Defaults of options: usually, and with --quick."""


if __name__ == "__main__":
    sys.exit(main())
