from __future__ import annotations

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from service.http.middleware.request_id import RequestId
from service.observability.logging import REQUEST_ID

pytestmark = pytest.mark.anyio


async def _told(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(str(REQUEST_ID.get()))(scope, receive, send)


@pytest.fixture
def client() -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=RequestId(_told))
    return httpx.AsyncClient(transport=transport, base_url="http://umie")


async def test_the_callers_id_is_taken_over(client: httpx.AsyncClient) -> None:
    response = await client.get("/", headers={"X-Request-ID": "job-7.a_B"})
    assert response.headers["x-request-id"] == response.text == "job-7.a_B"


@pytest.mark.parametrize("sent", ["", "a b", "x" * 65, "a\tb", "é", '"', "a;b"])
async def test_an_id_that_is_unfit_is_replaced(client: httpx.AsyncClient, sent: str) -> None:
    response = await client.get("/", headers={"X-Request-ID": sent.encode()})
    assert response.headers["x-request-id"] == response.text != sent
    assert len(response.text) == 32


async def test_ids_differ(client: httpx.AsyncClient) -> None:
    assert (await client.get("/")).text != (await client.get("/")).text
