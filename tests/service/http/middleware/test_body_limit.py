from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from service.http.middleware.body_limit import BodyLimit, ByteBudget
from tasks.errors import BodyTooLarge, BodyTooSlow, QueueFull

pytestmark = pytest.mark.anyio

LIMIT = 1000


async def _size(scope: Scope, receive: Receive, send: Send) -> None:
    size = len(await Request(scope, receive).body())
    await PlainTextResponse(str(size))(scope, receive, send)


def _client(
    budget: ByteBudget | None = None, timeout_s: float = 5.0, streamed: tuple[str, ...] = ()
) -> httpx.AsyncClient:
    limited = BodyLimit(_size, LIMIT, timeout_s, budget or ByteBudget(10**6), streamed)
    transport = httpx.ASGITransport(app=limited)
    return httpx.AsyncClient(transport=transport, base_url="http://umie")


async def _chunks(total: int, pause_s: float = 0.0) -> AsyncIterator[bytes]:
    for start in range(0, total, 100):
        await asyncio.sleep(pause_s)
        yield b"x" * min(100, total - start)


@pytest.mark.parametrize("size", [0, 1, LIMIT - 1, LIMIT])
async def test_bodies_up_to_the_limit_pass(size: int) -> None:
    client = _client()
    assert (await client.post("/", content=b"x" * size)).text == str(size)
    assert (await client.post("/", content=_chunks(size))).text == str(size)


@pytest.mark.parametrize("size", [LIMIT + 1, 100 * LIMIT])
async def test_larger_bodies_are_refused(size: int) -> None:
    client = _client()
    for content in (b"x" * size, _chunks(size)):
        with pytest.raises(BodyTooLarge) as caught:
            await client.post("/", content=content)
        assert caught.value.limit == LIMIT


@pytest.mark.parametrize("declared", ["9" * 30, "1" * 5000, str(LIMIT + 1)])
async def test_a_body_with_a_large_content_length_is_refused_before_its_first_byte(
    declared: str,
) -> None:
    async def never() -> AsyncIterator[bytes]:
        pytest.fail("the body was read")
        yield b""

    with pytest.raises(BodyTooLarge):
        await _client().post("/", content=never(), headers={"Content-Length": declared})


@pytest.mark.parametrize("declared", ["", "-1", "ten", "²", "1_0"])
async def test_an_invalid_content_length_is_ignored(declared: str) -> None:
    headers = {"Content-Length": declared.encode()}
    assert (await _client().post("/", content=_chunks(300), headers=headers)).text == "300"


async def test_the_whole_body_must_arrive_in_time() -> None:
    with pytest.raises(BodyTooSlow, match=r"within 0\.05 s"):
        await _client(timeout_s=0.05).post("/", content=_chunks(900, pause_s=0.02))


async def test_all_bodies_together_are_limited() -> None:
    budget = ByteBudget(1500)
    client = _client(budget)
    slow = asyncio.create_task(client.post("/", content=_chunks(900, pause_s=0.01)))
    while budget.held < 800:
        await asyncio.sleep(0.001)
    with pytest.raises(QueueFull):
        await client.post("/", content=b"x" * 800)
    assert (await slow).text == "900"
    assert budget.held == 0
    assert (await client.post("/", content=b"x" * 800)).text == "800"


async def test_streamed_paths_are_exempt() -> None:
    client = _client(streamed=("/batch",))
    assert (await client.post("/batch", content=b"x" * (3 * LIMIT))).text == str(3 * LIMIT)
