"""Comparisons with recordings of the published code, where their folder is there.

UMIE_REFERENCE names it; by default it is shared/reference beside the repository. Without it nothing
here is collected: the same properties are tested on made-up inputs elsewhere.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_NAMED = os.environ.get("UMIE_REFERENCE")
_FOLDER = Path(_NAMED) if _NAMED else Path(__file__).resolve().parents[3] / "shared" / "reference"

if _NAMED and not _FOLDER.is_dir():
    raise pytest.UsageError(f"UMIE_REFERENCE={_NAMED} is no folder")

collect_ignore_glob = [] if _FOLDER.is_dir() else ["test_*.py"]


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """The folder of recordings."""
    return _FOLDER / "fixtures"


@pytest.fixture(scope="session")
def texts(fixtures: Path) -> Path:
    """The folder of recorded strings."""
    return fixtures / "text"
