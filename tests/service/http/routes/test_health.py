from __future__ import annotations

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.service.fakes import FakeEngine

pytestmark = pytest.mark.anyio


async def test_liveness_does_not_ask_the_engine(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    engine.ready = False
    assert (await client.get("/healthz")).status_code == 200


async def test_readiness_follows_the_engine(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    assert (await client.get("/readyz")).status_code == 200
    engine.ready = False
    response = await client.get("/readyz")
    assert (response.status_code, response.json()["type"]) == (503, "engine-unavailable")
    assert "retry-after" in response.headers
    engine.ready = True
    assert (await client.get("/readyz")).status_code == 200


async def test_metrics_are_in_the_text_format(
    client: httpx.AsyncClient, engine: FakeEngine
) -> None:
    engine.queued = 3
    response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    values = {
        sample.name: sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }
    assert values["umie_queue_depth"] == 3 and values["umie_engine_ready"] == 1


async def test_probes_are_not_counted_as_requests(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        await client.get(path)
    assert 'endpoint="' not in (await client.get("/metrics")).text
