from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from service.observability.metrics import Metrics
from service.settings import Settings
from tests.service.fakes import TEXT, FakeEngine
from tests.service.live import listening, problem_in

pytestmark = pytest.mark.anyio

Connect = Callable[[Settings], httpx.AsyncClient]


async def test_head_is_answered_as_get_without_a_body(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/model", "/v2/health/ready"):
        response = await client.head(path)
        assert (response.status_code, response.content) == (200, b""), path
    assert (await client.head("/extract")).status_code == 405
    assert (await client.head("/nowhere")).status_code == 404


async def test_a_slash_behind_a_path_is_no_redirect(client: httpx.AsyncClient) -> None:
    response = await client.post("/extract/", json={"text": TEXT})
    assert (response.status_code, response.json()["type"]) == (404, "not-found")


@pytest.mark.parametrize("path", ["/umie/tasks", "/tasks"])
async def test_a_proxy_may_cut_its_prefix_or_not(
    connect: Connect, settings: Settings, path: str
) -> None:
    client = connect(settings.model_copy(update={"root_path": "/umie"}))
    assert (await client.get(path)).status_code == 200
    document = (await client.get("/openapi.json")).json()
    assert document["servers"] == [{"url": "/umie"}]


async def test_pages_of_listed_origins_may_call(connect: Connect, settings: Settings) -> None:
    client = connect(settings.model_copy(update={"cors_origins": "https://a.org, https://b.org"}))
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
    preflight = await client.options("/extract", headers={"Origin": "https://b.org", **asked})
    assert preflight.headers["access-control-allow-origin"] == "https://b.org"
    response = await client.post("/extract", json={}, headers={"Origin": "https://a.org"})
    assert response.status_code == 422
    assert response.headers["access-control-allow-origin"] == "https://a.org"
    refused = await client.options("/extract", headers={"Origin": "https://c.org", **asked})
    assert refused.json()["status"] == refused.status_code == 400
    assert "access-control-allow-origin" not in refused.headers


async def test_no_origin_is_admitted_by_default(client: httpx.AsyncClient) -> None:
    response = await client.get("/tasks", headers={"Origin": "https://a.org"})
    assert "access-control-allow-origin" not in response.headers


def test_targets_and_framing_over_a_socket() -> None:
    with listening(Settings(), FakeEngine(), Metrics()) as live:
        end = b"Host: umie\r\nConnection: close\r\n\r\n"
        for target in (b"http://umie/healthz", b"HTTP://umie:80/healthz"):
            answer = live.exchange(b"GET " + target + b" HTTP/1.1\r\n" + end)
            assert answer.startswith(b"HTTP/1.1 200 ")
        head = live.exchange(b"HEAD /readyz HTTP/1.1\r\n" + end)
        assert head.startswith(b"HTTP/1.1 200 ") and head.endswith(b"\r\n\r\n")
        both = (
            b"POST /extract HTTP/1.1\r\nHost: umie\r\nContent-Type: application/json\r\n"
            b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n"
        )
        assert problem_in(live.exchange(both))["status"] == 400
