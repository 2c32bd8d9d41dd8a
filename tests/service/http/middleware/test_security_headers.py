from __future__ import annotations

import httpx
import pytest
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.middleware.security_headers import SecurityHeaders
from service.observability.logging import REQUEST_ID

pytestmark = pytest.mark.anyio


async def _request_id(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(str(REQUEST_ID.get()))(scope, receive, send)


def _client(app: ASGIApp) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=SecurityHeaders(app))
    return httpx.AsyncClient(transport=transport, base_url="http://umie")


async def _headers(app: ASGIApp) -> httpx.Headers:
    async with _client(app) as client:
        return (await client.get("/")).headers


async def test_responses_cannot_run_scripts_or_be_framed() -> None:
    headers = await _headers(JSONResponse({}))
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


async def test_a_page_runs_its_own_scripts_only() -> None:
    policy = (await _headers(HTMLResponse("")))["content-security-policy"]
    assert "script-src 'self';" in policy and "unsafe" not in policy and "https:" not in policy


async def test_a_routes_own_policy_is_kept() -> None:
    own = Response(headers={"Content-Security-Policy": "default-src 'self'"})
    assert (await _headers(own))["content-security-policy"] == "default-src 'self'"


async def test_the_clients_request_id_is_used() -> None:
    async with _client(_request_id) as client:
        response = await client.get("/", headers={"X-Request-ID": "job-7.a_B"})
    assert response.headers["x-request-id"] == response.text == "job-7.a_B"


@pytest.mark.parametrize("sent", ["", "a b", "x" * 65, "a\tb", "é", '"', "a;b"])
async def test_an_invalid_request_id_is_replaced(sent: str) -> None:
    async with _client(_request_id) as client:
        response = await client.get("/", headers={"X-Request-ID": sent.encode()})
    assert response.headers["x-request-id"] == response.text != sent
    assert len(response.text) == 32


async def test_new_request_ids_differ() -> None:
    async with _client(_request_id) as client:
        assert (await client.get("/")).text != (await client.get("/")).text
