"""What every test session shares."""

from __future__ import annotations

import pytest
from hypothesis import settings

# A shared machine is slow at times, and a failure must be found again by whoever reads of it.
settings.register_profile("project", deadline=None, derandomize=True, database=None)
settings.load_profile("project")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
