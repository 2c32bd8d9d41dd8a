from __future__ import annotations

from types import SimpleNamespace

import httpx
import pytest

from service import server
from service.metrics import Metrics
from service.settings import Settings
from tasks.errors import UnknownOntology
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
async def test_the_engine_lives_as_long_as_the_service(
    inventory: None, started: _Startable
) -> None:
    app = server.build(Settings(ontology=ONTOLOGY.name))
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


def test_an_unknown_default_ontology_stops_the_start(inventory: None, started: _Startable) -> None:
    with pytest.raises(UnknownOntology):
        server.build(Settings(ontology="klingon"))
