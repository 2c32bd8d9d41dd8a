from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from service import server
from service.observability.metrics import Metrics
from service.settings import Settings
from tasks.errors import SettingsError, UnknownOntology
from tests.service.fakes import (
    MODEL_NAME,
    ONTOLOGY,
    REGION_TYPES,
    TEXT,
    FakeEngine,
    preprocess,
    prompter,
)


class _Startable(FakeEngine):
    def __init__(self) -> None:
        super().__init__()
        self.ready = False
        self.closed = False

    def start(self) -> None:
        self.ready = True

    async def aclose(self) -> None:
        self.ready = False
        self.closed = True


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> _Startable:
    engine = _Startable()

    def load_engine(settings: Settings, metrics: Metrics) -> SimpleNamespace:
        return SimpleNamespace(
            engine=engine,
            prompter=prompter(),
            preprocess=preprocess,
            region_types=REGION_TYPES,
            model_name=MODEL_NAME,
            precision="fp32",
            provider="CPUExecutionProvider",
        )

    monkeypatch.setattr(server, "load_engine", load_engine)
    return engine


@pytest.mark.anyio
async def test_the_lifespan_starts_and_stops_the_engine(
    inventory: None, started: _Startable
) -> None:
    service = server.build(Settings(ontology=ONTOLOGY.name))
    app = service.app
    assert service.metrics_app is None
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://umie") as client,
    ):
        assert (await client.get("/readyz")).status_code == 200
        body = (await client.post("/extract", data={"text": TEXT})).json()
        assert body["model"] == MODEL_NAME and len(body["entities"]) == 3
        assert f'version="{MODEL_NAME}"' in (await client.get("/metrics")).text
    assert started.closed


@pytest.mark.anyio
async def test_metrics_can_have_a_port_of_their_own(inventory: None, started: _Startable) -> None:
    service = server.build(Settings(ontology=ONTOLOGY.name, metrics_port=0))
    assert service.metrics_app is not None
    started.start()
    async with (
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=service.app), base_url="http://umie"
        ) as client,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=service.metrics_app), base_url="http://metrics_app"
        ) as metrics_app,
    ):
        assert (await client.get("/metrics")).status_code == 404
        assert (await client.get("/readyz")).status_code == 200
        await client.get("/tasks")
        assert 'endpoint="/tasks"' in (await metrics_app.get("/metrics")).text
        for path in ("/healthz", "/readyz", "/v2/health/ready", "/dashboard", "/page/chart.js"):
            assert (await metrics_app.get(path)).status_code == 200
        assert "dashboard" in (await metrics_app.get("/")).text
        service.drain_state.draining = True
        assert (await metrics_app.get("/readyz")).json()["type"] == "engine-unavailable"
        for path in ("/tasks", "/extract", "/docs", "/openapi.json"):
            response = await metrics_app.get(path)
            assert (response.status_code, response.json()["type"]) == (404, "not-found")


def test_keys_that_cannot_be_read_stop_the_start(
    inventory: None, started: _Startable, tmp_path: Path
) -> None:
    settings = Settings(ontology=ONTOLOGY.name, api_keys_file=tmp_path / "keys")
    with pytest.raises(SettingsError, match="UMIE_API_KEYS_FILE"):
        server.build(settings)


def test_a_proposer_that_cannot_be_loaded_stops_the_start(
    inventory: None, started: _Startable, tmp_path: Path
) -> None:
    settings = Settings(ontology=ONTOLOGY.name, proposer_bundle=tmp_path / "none")
    with pytest.raises(SettingsError, match="UMIE_PROPOSER_BUNDLE"):
        server.build(settings)


def test_an_unknown_default_ontology_stops_the_start(inventory: None, started: _Startable) -> None:
    with pytest.raises(UnknownOntology):
        server.build(Settings(ontology="klingon"))
