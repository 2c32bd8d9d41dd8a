"""What every test session shares."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.workers import WORKER, locked, sort_longest_first

ROOT = Path(__file__).resolve().parents[1]

if WORKER in os.environ:
    # Before torch is imported. Threads of several workers would wait for each other's cores.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shared machine is slow at times, and a failure must be found again by whoever reads of it.
settings.register_profile("project", deadline=None, derandomize=True, database=None)
settings.load_profile("project")


LIVE = {"live", "live_service", "roomy_address", "served", "shipped_bundle"}
"""Fixtures that start a server or load the shipped bundle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they need, and order them for workers."""
    if WORKER in os.environ:
        sort_longest_first(items)
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if "browser" in fixtures:
            item.add_marker("browser")
        if LIVE & fixtures:
            item.add_marker("live")
        if item.path.name.startswith("test_docs_") or item.path.name == "test_readme.py":
            item.add_marker("docs")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def shipped_bundle() -> Path:
    """The bundle of the shipped weights, exported when it is missing, outdated or unusable."""
    from export.checkpoint import load_checkpoint
    from export.exporter import export_bundle
    from export.manifest import read_manifest
    from export.pretrained_encoder import obtain_encoder
    from tasks.errors import BundleError

    weights, bundle = ROOT / "weights" / "standard", ROOT / "bundles" / "standard"
    newest = max(path.stat().st_mtime for path in weights.iterdir())
    bundle.parent.mkdir(exist_ok=True)
    with locked(bundle.parent / ".lock"):  # another worker may be making it
        try:
            read_manifest(bundle)
            outdated = (bundle / "manifest.json").stat().st_mtime < newest
        except BundleError:
            outdated = True
        if outdated:
            obtain_encoder()
            export_bundle(load_checkpoint(weights), bundle)
    return bundle


@pytest.fixture(scope="session")
def served(shipped_bundle: Path) -> Iterator[str]:
    """The "host:port" at which the service answers with the shipped weights."""
    from tests.support.serving import serving

    with serving(shipped_bundle) as address:
        yield address
