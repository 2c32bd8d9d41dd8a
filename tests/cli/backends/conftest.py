"""A service over a fake engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.observability.metrics import Metrics
from service.settings import Settings
from tests.service.fakes import FakeEngine
from tests.service.live import listening


@pytest.fixture(scope="module")
def live_service() -> Iterator[str]:
    """Its address."""
    metrics = Metrics()
    metrics.describe_model(version="umie-fake@0", precision="fp32", provider="none")
    with listening(Settings(), FakeEngine(), metrics) as live:
        yield live.url
