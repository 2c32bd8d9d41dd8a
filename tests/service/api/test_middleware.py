from __future__ import annotations

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.middleware import LastResort, Measurement, outcome_of
from service.metrics import Metrics

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "ok"),
        (400, "bad_input"),
        (408, "timeout"),
        (413, "too_large"),
        (422, "bad_input"),
        (429, "overloaded"),
        (499, "cancelled"),
        (500, "error"),
        (503, "unavailable"),
        (504, "timeout"),
    ],
)
async def test_every_status_has_an_outcome(status: int, outcome: str) -> None:
    assert outcome_of(status) == outcome


def _client(app: ASGIApp, *, crashes: bool = True) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=crashes)
    return httpx.AsyncClient(transport=transport, base_url="http://umie")


async def test_paths_without_a_route_share_one_label(metrics: Metrics) -> None:
    client = _client(Measurement(PlainTextResponse("lost", 404), metrics))
    await client.get("/a")
    await client.get("/b")
    labels = {"endpoint": "unmatched", "outcome": "bad_input"}
    assert metrics.registry.get_sample_value("umie_requests_total", labels) == 2


async def test_a_crash_is_counted_and_leaves_nothing_in_flight(metrics: Metrics) -> None:
    async def crash(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("crash")

    client = _client(Measurement(crash, metrics))
    with pytest.raises(RuntimeError):
        await client.get("/a")
    labels = {"endpoint": "unmatched", "outcome": "error"}
    assert metrics.registry.get_sample_value("umie_requests_total", labels) == 1
    assert metrics.registry.get_sample_value("umie_inflight_requests") == 0


async def test_an_answer_that_has_begun_is_not_begun_again() -> None:
    async def crash_late(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("late")

    response = await _client(LastResort(crash_late), crashes=False).get("/a")
    assert response.status_code == 200
    with pytest.raises(RuntimeError, match="late"):
        await _client(LastResort(crash_late)).get("/a")
