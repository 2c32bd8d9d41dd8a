from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from benchmarks.load import Load

pytestmark = pytest.mark.anyio


@dataclass
class FakeServer:
    """Echoes bodies; `refused` are answered 503, and `closing` it hangs up after every answer."""

    refused: frozenset[str] = frozenset()
    closing: bool = False
    connections: int = 0
    heads: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._answer(reader, writer) and not self.closing:
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        fields = dict(line.split(": ") for line in head.strip().split("\r\n")[1:])
        body = await reader.readexactly(int(fields["Content-Length"]))
        status = "503 Busy" if json.loads(body)["text"] in self.refused else "200 OK"
        close = "Connection: close\r\n" if self.closing else ""
        answer = f"HTTP/1.1 {status}\r\n{close}Content-Length: {len(body)}\r\n\r\n"
        writer.write(answer.encode() + body)
        await writer.drain()
        return True


@asynccontextmanager
async def served(fake: FakeServer) -> AsyncIterator[str]:
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def bodies(*texts: str) -> list[str]:
    return [json.dumps({"text": text}) for text in texts]


async def test_answers_come_back_in_order_over_few_connections() -> None:
    fake = FakeServer()
    async with served(fake) as address:
        load = Load(address, bodies("one", "two", "three", "four"))
        found = await load.answers(clients=2)
        load.close()
    assert [answer["text"] for answer in found] == ["one", "two", "three", "four"]
    assert fake.connections == 2
    assert fake.heads[0].startswith("POST /extract HTTP/1.1\r\nHost: 127.0.0.1:")


async def test_a_connection_that_the_server_ends_is_opened_again() -> None:
    fake = FakeServer(closing=True)
    async with served(fake) as address:
        load = Load(address, bodies("one", "two", "three"))
        assert len(await load.answers(clients=1)) == 3
    assert fake.connections == 3


async def test_an_answer_that_is_not_good_is_no_answer() -> None:
    async with served(FakeServer(frozenset({"two"}))) as address:
        load = Load(address, bodies("one", "two"))
        with pytest.raises(ConnectionError, match="request 1: 503"):
            await load.answers(clients=1)
        assert await load.count(clients=2, requests=10) == 5
        load.close()


async def test_a_run_counts_what_is_answered_and_what_fails() -> None:
    async with served(FakeServer(frozenset({"two"}))) as address:
        load = Load(address, bodies("one", "two"))
        run = await load.run(clients=3, seconds=0.2)
        load.close()
    assert run.clients == 3
    assert len(run.latencies_s) > 10
    assert 0 < run.failures < len(run.latencies_s)
    assert run.cpu_share is not None
    assert 0 < run.cpu_share < 2


async def test_a_server_that_hangs_up_is_an_error() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    load = Load(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", bodies("one"))
    with pytest.raises(ConnectionError):
        await load.answers(clients=1)
    server.close()
