"""The hostile client of `tests.hostile`, in a process of its own.

It sends in turn JSON that takes memory, vast pictures, a thousand idle connections and forms that
are cut off. In the process of the clients that measure, its work would delay their clocks.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from tests.support.attacks import Attack, cut_bodies, hostile_json, vast_pictures
from tests.support.process import Served

IDLE = 1100
IDLE_S = 3.0
PICTURES_AT_ONCE = 16
PATIENCE_S = 60.0
_START_S = 60.0

_NICE = 5
"""A hostile client is another machine. Here it takes the cores that the service leaves, so that
the times are those of the service; `rounds` says whether it came to send enough."""


@dataclass
class Sent:
    """How many rounds of all attacks began, and which answers are wrong."""

    rounds: int = 0
    faults: list[str] = field(default_factory=list)


class HostileClient:
    """A process that attacks a server for a while, whenever it is told to."""

    def __init__(self, served: Served) -> None:
        """Start the process, which makes the bodies, and wait until they are made."""
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(served, other), daemon=True)
        self._process.start()
        if not self._connection.poll(_START_S):
            raise TimeoutError("the hostile client does not start")
        self._connection.recv()

    def begin(self, seconds: float) -> None:
        """Begin to attack, for so long."""
        self._connection.send(seconds)

    def end(self) -> Sent:
        """Wait for the last answers, and return what was sent."""
        sent: Sent = self._connection.recv()
        return sent

    def close(self) -> None:
        """End the process."""
        self._connection.send(None)
        self._process.join()


async def status_of(
    address: tuple[str, int], request: bytes, patience_s: float = PATIENCE_S
) -> int | None:
    """The status of the answer; None where the server hangs up or is late."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(patience_s):
            reader, writer = await asyncio.open_connection(*address)
            try:
                with suppress(ConnectionError):
                    writer.write(request)
                    await writer.drain()
                line = await reader.readline()
                return int(line.split()[1]) if line.startswith(b"HTTP/") else None
            finally:
                writer.close()
    return None


def _serve(served: Served, connection: Connection) -> None:
    _raise_own_limit()
    os.nice(_NICE)
    hostile_json(), vast_pictures(0)
    connection.send("ready")
    while (seconds := connection.recv()) is not None:
        connection.send(asyncio.run(_attack(served, time.monotonic() + seconds)))


async def _attack(served: Served, until: float) -> Sent:
    sent = Sent()
    turns: list[Callable[[], Awaitable[None]]] = [
        lambda: _send(served, hostile_json(), sent),
        lambda: _send(served, vast_pictures(PICTURES_AT_ONCE), sent),
        lambda: _idle(served),
        lambda: _send(served, cut_bodies(), sent),
    ]
    while time.monotonic() < until:
        sent.rounds += 1
        for turn in turns:
            if time.monotonic() < until:
                await turn()
    return sent


async def _send(served: Served, attacks: list[Attack], sent: Sent) -> None:
    """All at once; an answer that is not right is a fault."""
    statuses = await asyncio.gather(*(status_of(served.address, a.request) for a in attacks))
    for attack, status in zip(attacks, statuses, strict=True):
        if status is not None and status not in attack.statuses:
            sent.faults.append(f"{attack.name}: {status}, right is {sorted(attack.statuses)}")


async def _idle(served: Served) -> None:
    """Many connections that send nothing."""
    writers: list[asyncio.StreamWriter] = []
    try:
        for _ in range(IDLE):
            with suppress(OSError):
                writers.append((await asyncio.open_connection(*served.address))[1])
        await asyncio.sleep(IDLE_S)
    finally:
        for writer in writers:
            writer.close()


def _raise_own_limit() -> None:
    """The idle connections need descriptors here, too."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
