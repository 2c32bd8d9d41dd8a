"""The load generator: a separate process that sends prepared requests from many clients.

    python -m benchmarks.load ADDRESS WORKLOAD --clients 32 --seconds 8
    python -m benchmarks.load ADDRESS WORKLOAD --clients 8 --answers
    python -m benchmarks.load ADDRESS WORKLOAD --clients 32 --count 1000

Prints one JSON value: a run, the answers in order, or the number of successful requests.
Requests are prepared bytes, sent over open connections, and only the status and length of a
response are parsed: the generator uses little CPU.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.runs import Run, answers, closed_loop

ROUTE = "/extract"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes


class Client:
    """One connection, which is reopened if the server closes it."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, request: bytes) -> Answer:
        """Send a request; returns the response, or raises ConnectionError."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        try:
            writer.write(request)
            await writer.drain()
            status, length, closes = await _head(reader)
            body = await reader.readexactly(length)
        except BaseException as error:
            self.close()
            if isinstance(error, (asyncio.IncompleteReadError, ValueError)):
                raise ConnectionError("the server sent no whole answer") from error
            raise
        if closes:
            self.close()
        return Answer(status, body)

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class Load:
    """The requests of a workload, and connections to a server."""

    def __init__(self, address: str, bodies: list[str]) -> None:
        host, _, port = address.rpartition(":")
        self._host, self._port = host, int(port)
        self._requests = [_request(address, body.encode()) for body in bodies]
        self._free: list[Client] = []

    async def ask(self, number: int) -> Answer:
        """Send request `number`, modulo the number of requests; returns the response."""
        client = self._free.pop() if self._free else Client(self._host, self._port)
        answer = await client.post(self._requests[number % len(self._requests)])
        self._free.append(client)
        return answer

    def close(self) -> None:
        """Close all idle connections."""
        for client in self._free:
            client.close()

    async def run(self, clients: int, seconds: float) -> Run:
        """A closed-loop run; at its end the server has no pending requests."""

        async def ask(number: int) -> bool:
            return (await self.ask(number)).status == 200

        cpu, began = time.process_time(), time.perf_counter()
        run = await closed_loop(ask, clients, seconds)
        share = (time.process_time() - cpu) / (time.perf_counter() - began)
        await self.ask(0)
        return replace(run, cpu_share=share)

    async def answers(self, clients: int) -> list[Any]:
        """The answer to each request; ConnectionError if a request fails."""

        async def ask(number: int) -> str:
            answer = await self.ask(number)
            if answer.status != 200:
                raise ConnectionError(f"request {number}: {answer.status} {answer.body[:300]!r}")
            return answer.body.decode()

        found = await answers(ask, len(self._requests), clients)
        return [json.loads(text) for text in found]

    async def count(self, clients: int, requests: int) -> int:
        """Send so many requests; returns the number of successful ones."""

        async def ask(number: int) -> str:
            return str((await self.ask(number)).status)

        return (await answers(ask, requests, clients)).count("200")


def _request(address: str, body: bytes) -> bytes:
    head = (
        f"POST {ROUTE} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _head(reader: asyncio.StreamReader) -> tuple[int, int, bool]:
    """Status, length of the body, and whether the server closes the connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    first, *rows = head.strip().split("\r\n")
    fields = {name: value.strip() for name, _, value in (row.partition(":") for row in rows)}
    return int(first.split()[1]), int(fields["content-length"]), fields.get("connection") == "close"


def _main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("address", help="host:port")
    parser.add_argument("workload", type=Path)
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--answers", action="store_true")
    parser.add_argument("--count", type=int)
    options = parser.parse_args()
    load = Load(options.address, options.workload.read_text(encoding="utf-8").splitlines())
    result: Any
    if options.answers:
        result = asyncio.run(load.answers(options.clients))
    elif options.count:
        result = asyncio.run(load.count(options.clients, options.count))
    else:
        result = asyncio.run(load.run(options.clients, options.seconds)).values()
    print(json.dumps(result))


if __name__ == "__main__":
    _main()
