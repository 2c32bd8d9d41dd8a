from __future__ import annotations

import httpx
import pytest
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp

from service.http.middleware.security_headers import SecurityHeaders

pytestmark = pytest.mark.anyio


async def _headers(app: ASGIApp, path: str) -> httpx.Headers:
    transport = httpx.ASGITransport(app=SecurityHeaders(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://umie") as client:
        return (await client.get(path)).headers


async def test_answers_cannot_run_or_be_framed() -> None:
    headers = await _headers(JSONResponse({}), "/extract")
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


async def test_a_page_runs_its_own_scripts_only() -> None:
    policy = (await _headers(HTMLResponse(""), "/"))["content-security-policy"]
    assert "script-src 'self';" in policy and "unsafe" not in policy and "https:" not in policy


async def test_a_routes_own_policy_stays() -> None:
    own = Response(headers={"Content-Security-Policy": "default-src 'self'"})
    assert (await _headers(own, "/"))["content-security-policy"] == "default-src 'self'"
