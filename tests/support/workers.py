"""How the worker processes of a test session share its work.

A folder that is slow to make is made by the worker that asks for it first. Files that take long
start first, so that no worker is left with one of them at the end.
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
WORKER = "PYTEST_XDIST_WORKER"
"""The environment variable that names a worker; it is not set where there is one process."""

LONGEST = (
    "test_docs_answers.py",
    "page/",
    "service/http/test_hostile_bodies.py",
    "training/text/test_loop.py",
    "cli/",
    "service/http/test_conformance.py",
    "test_soak.py",
    "test_fuzz.py",
    "export/",
    "service/engine/",
    "benchmarks/",
    "project/test_prometheus.py",
    "test_end_to_end.py",
    "page/test_shipped.py",
    "umie_client/test_live.py",
    "umie_client/test_guide.py",
    "test_docs_commands.py",
    "test_readme.py",
    "test_converted.py",
    "reference/",
    "service/test_picture_memory.py",
    "training/vision/",
)
"""The files and folders below tests/ that take long, in the order in which they start.

The first one exports the shipped bundle where it is missing. The others that need the bundle start
later, so that no worker waits for the export. Of several entries the longest one counts.
"""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file, which is created, until the context ends."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def made_once(name: str, factory: pytest.TempPathFactory, make: Callable[[Path], None]) -> Path:
    """A temporary folder that all workers of the session share; they only read it.

    Args:
        name: name of the folder, one for everything that is made.
        factory: the fixture `tmp_path_factory`.
        make: fills an empty folder; called by the first worker that asks for the folder.
    """
    base = factory.getbasetemp()
    shared = (base.parent if WORKER in os.environ else base) / name
    with locked(shared.with_name(f".{name}.lock")):
        if not shared.exists():
            folder = factory.mktemp(name)
            make(folder)
            folder.rename(shared)
    return shared


def sort_longest_first(items: list[pytest.Item]) -> None:
    """Order the tests by file: those of `LONGEST`, then by their number of tests."""
    counts = Counter(item.path for item in items)

    def key(item: pytest.Item) -> tuple[int, int, Path]:
        name = item.path.relative_to(TESTS).as_posix()
        entries = [entry for entry in LONGEST if name.startswith(entry)]
        rank = LONGEST.index(max(entries, key=len)) if entries else len(LONGEST)
        return rank, -counts[item.path], item.path

    items.sort(key=key)
