from __future__ import annotations

import logging

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.middleware.access_log import AccessLog, outcome_of
from service.http.problems import problem_response
from service.observability.metrics import Metrics
from tasks.errors import EmptyInput

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "ok"),
        (400, "bad_input"),
        (401, "unauthorised"),
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


def _client(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://umie")


async def test_paths_without_a_route_share_one_label(metrics: Metrics) -> None:
    client = _client(AccessLog(PlainTextResponse("lost", 404), metrics))
    await client.get("/a")
    await client.get("/b")
    labels = {"endpoint": "unmatched", "outcome": "bad_input"}
    assert metrics.registry.get_sample_value("umie_requests_total", labels) == 2


async def test_a_crash_is_counted_and_leaves_nothing_in_flight(metrics: Metrics) -> None:
    async def crash(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("crash")

    client = _client(AccessLog(crash, metrics))
    with pytest.raises(RuntimeError):
        await client.get("/a")
    labels = {"endpoint": "unmatched", "outcome": "error"}
    assert metrics.registry.get_sample_value("umie_requests_total", labels) == 1
    assert metrics.registry.get_sample_value("umie_inflight_requests") == 0


async def test_problems_are_counted_and_logged_by_type_and_paths_are_not(
    metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    client = _client(AccessLog(problem_response(EmptyInput("nothing")), metrics))
    with caplog.at_level(logging.INFO, "service.access"):
        await client.get("/secret?text=secret")
    labels = {"reason": "empty-input"}
    assert metrics.registry.get_sample_value("umie_refused_requests_total", labels) == 1
    (record,) = caplog.records
    told = record.fields  # type: ignore[attr-defined]
    assert (told["status"], told["endpoint"], told["problem"]) == (422, "unmatched", "empty-input")
    assert "secret" not in str(record.__dict__)
