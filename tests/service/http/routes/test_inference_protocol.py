from __future__ import annotations

import httpx
import pytest

from tests.service.fakes import MODEL_NAME, FakeEngine

pytestmark = pytest.mark.anyio


async def test_server_and_model_are_described(client: httpx.AsyncClient) -> None:
    server = (await client.get("/v2")).json()
    assert server.keys() == {"name", "version", "extensions"}
    model = (await client.get("/v2/models/umie")).json()
    assert model["name"] == "umie" and model["versions"] == [MODEL_NAME]
    assert model.keys() == {"name", "versions", "platform", "inputs", "outputs"}


async def test_another_model_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v2/models/other")).status_code == 404


async def test_its_probes_follow_the_engine(client: httpx.AsyncClient, engine: FakeEngine) -> None:
    assert (await client.get("/v2/health/live")).json() == {"live": True}
    assert (await client.get("/v2/health/ready")).json() == {"ready": True}
    assert (await client.get("/v2/models/umie/ready")).json() == {"name": "umie", "ready": True}
    engine.ready = False
    assert (await client.get("/v2/health/live")).status_code == 200
    for path in ("/v2/health/ready", "/v2/models/umie/ready"):
        assert (await client.get(path)).status_code == 503
