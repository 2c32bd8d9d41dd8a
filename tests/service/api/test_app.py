from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from service.api.app import create_app
from service.extraction import Extraction
from service.metrics import Metrics
from service.settings import Settings
from tests.service.fakes import FakeEngine, fake_extractor


@pytest.fixture
def address(
    inventory: None, engine: FakeEngine, settings: Settings, metrics: Metrics
) -> Iterator[tuple[str, int]]:
    """The service behind a real socket."""
    app = create_app(settings, engine, fake_extractor(engine, settings, metrics), metrics)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        _wait_until(lambda: server.started)
        yield listening.getsockname()
        server.should_exit = True
        thread.join()


def _wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)


def _form(length: int, body: bytes) -> bytes:
    head = (
        "POST /extract HTTP/1.1\r\nHost: umie\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {length}\r\n\r\n"
    )
    return head.encode() + body


TEXT_PART = (
    b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nAnn visited Bob\r\n--x--\r\n'
)


def test_a_large_body_is_refused_before_it_is_sent(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(_form(10**9, b""))
        assert connection.recv(12) == b"HTTP/1.1 413"


def test_a_client_that_went_away_frees_the_engine(
    address: tuple[str, int], engine: FakeEngine, metrics: Metrics
) -> None:
    engine.pause_s = 30.0
    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(_form(len(TEXT_PART), TEXT_PART))
        _wait_until(lambda: engine.working == 1)
    labels = {"endpoint": "/extract", "outcome": "cancelled"}
    _wait_until(lambda: metrics.registry.get_sample_value("umie_requests_total", labels) == 1)
    assert engine.cancelled == 1
    engine.pause_s = 0.0
    url = f"http://{address[0]}:{address[1]}/extract"
    assert len(httpx.post(url, data={"text": "Ann"}).json()["entities"]) == 1


def test_openapi_declares_form_answer_and_problems(
    inventory: None, engine: FakeEngine, settings: Settings, metrics: Metrics
) -> None:
    app = create_app(settings, engine, fake_extractor(engine, settings, metrics), metrics)
    schema = app.openapi()
    operation = schema["paths"]["/extract"]["post"]
    form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert {"text", "image", "tasks", "ontology", "min_score"} <= form["properties"].keys()
    answers = operation["responses"]
    assert set(answers) == {str(s) for s in (200, 400, 408, 413, 415, 422, 429, 500, 503, 504)}
    assert all("application/problem+json" in answers[s]["content"] for s in answers if s != "200")
    extraction = schema["components"]["schemas"]["Extraction"]
    assert set(extraction["required"]) == set(Extraction.model_fields)


def test_what_every_answer_may_hold_is_described(
    inventory: None, engine: FakeEngine, settings: Settings, metrics: Metrics
) -> None:
    app = create_app(settings, engine, fake_extractor(engine, settings, metrics), metrics)
    paths = app.openapi()["paths"]
    assert set(paths) == {"/extract", "/ontologies", "/model", "/healthz", "/readyz", "/metrics"}
    assert all(
        operation["description"] for methods in paths.values() for operation in methods.values()
    )


def test_the_lifespan_is_the_callers(
    inventory: None, engine: FakeEngine, settings: Settings, metrics: Metrics
) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        seen.append("start")
        yield
        seen.append("stop")

    app = create_app(
        settings,
        engine,
        fake_extractor(engine, settings, metrics),
        metrics,
        lifespan=lifespan,
    )

    async def live_once() -> None:
        async with app.router.lifespan_context(app):
            assert seen == ["start"]

    asyncio.run(live_once())
    assert seen == ["start", "stop"]
