"""The service over a fake engine."""

from __future__ import annotations

import os
from collections.abc import Callable

import httpx
import pytest

from service.observability.metrics import Metrics
from service.pipeline.extractor import Extractor
from service.settings import Settings
from tasks import ontology
from tasks.errors import UnknownOntology
from tests.service.fakes import ONTOLOGY, FakeEngine, fake_app, fake_extractor


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("UMIE_"):
            monkeypatch.delenv(name)


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def settings() -> Settings:
    return Settings(
        ontology=ONTOLOGY.name,
        max_body_bytes=200_000,
        max_image_bytes=100_000,
        max_image_pixels=1_000_000,
        max_text_chars=300,
        max_labels=5,
    )


@pytest.fixture
def extractor(engine: FakeEngine, settings: Settings, metrics: Metrics) -> Extractor:
    return fake_extractor(engine, settings, metrics)


@pytest.fixture
def inventory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the made-up ontology ships."""

    def load(name: str) -> ontology.Ontology:
        if name != ONTOLOGY.name:
            raise UnknownOntology(f"no ontology {name!r}", field="ontology")
        return ONTOLOGY

    monkeypatch.setattr(ontology, "load", load)
    monkeypatch.setattr(ontology, "names", lambda: [ONTOLOGY.name])


@pytest.fixture
def connect(
    inventory: None, engine: FakeEngine, metrics: Metrics
) -> Callable[[Settings], httpx.AsyncClient]:
    """Clients of services with settings of a test's own."""

    def connect(settings: Settings) -> httpx.AsyncClient:
        app = fake_app(settings, engine, metrics)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        return httpx.AsyncClient(transport=transport, base_url="http://umie")

    return connect


@pytest.fixture
def client(
    connect: Callable[[Settings], httpx.AsyncClient], settings: Settings
) -> httpx.AsyncClient:
    return connect(settings)
