"""Clients beside one hostile client: `python -m tests.hostile --minutes 1`.

Sixty clients ask at a steady rate, first undisturbed, then beside a client that sends in turn JSON
that takes memory, vast pictures, a thousand idle connections and forms that are cut off. A server
passes that answers every other request with 200 in less than twice its time, whose probe /readyz
is true and quick throughout, and whose memory stays below its stated peak. Only loopback is used;
without --bundle a tiny model is served.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.service.fakes import picture_bytes
from tests.soak import tiny
from tests.support.attacks import Attack, cut_bodies, hostile_json, vast_pictures
from tests.support.process import Served, process

CLIENTS = 60
PAUSE_S = 3.0
"""Between the requests of a client: the server is used and not full."""

RATIO = 2.0
PEAK_MIB = 3072.0
"""The peak that docs/deploy.md states; the limits of containers are above it."""

IDLE = 1100
IDLE_S = 3.0
PICTURES_AT_ONCE = 16
PROBE_S = 2.0
PATIENCE_S = 60.0


@dataclass
class Phase:
    """What the clients and the probe met."""

    seconds: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def p95(self) -> float:
        """Seconds within which 95 of 100 requests were answered."""
        ordered = sorted(self.seconds)
        return ordered[int(0.95 * (len(ordered) - 1))] if ordered else 0.0


async def clients(served: Served, seconds: float, *, hostile: bool) -> Phase:
    """Ask for so long, beside the hostile client or not."""
    phase, until = Phase(), time.monotonic() + seconds
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=served.url, timeout=PATIENCE_S, limits=limits) as client:
        tasks = [asyncio.create_task(_ask(client, n, until, phase)) for n in range(CLIENTS)]
        tasks.append(asyncio.create_task(_probe(served.url, until, phase)))
        if hostile:
            tasks.append(asyncio.create_task(_attack(served, until, phase)))
        await asyncio.gather(*tasks)
    return phase


async def _ask(client: httpx.AsyncClient, number: int, until: float, phase: Phase) -> None:
    dice = random.Random(number)
    picture = picture_bytes((40 + number, 30), mode="RGB")
    await asyncio.sleep(dice.random() * PAUSE_S)
    while time.monotonic() < until:
        words = " ".join(dice.choice(("Ann", "Bob", "met", "in", "the")) for _ in range(12))
        files = {"image": picture} if dice.random() < 0.3 else None
        started = time.monotonic()
        try:
            response = await client.post("/extract", data={"text": words}, files=files)
        except httpx.HTTPError as error:
            phase.faults.append(f"no answer: {error!r}")
        else:
            if response.status_code != 200:
                phase.faults.append(f"{response.status_code}: {response.text[:200]}")
        phase.seconds.append(time.monotonic() - started)
        await asyncio.sleep(PAUSE_S * (0.5 + dice.random()))


async def _probe(url: str, until: float, phase: Phase) -> None:
    """Each probe has a connection of its own, as orchestrators have."""
    while time.monotonic() < until:
        try:
            async with httpx.AsyncClient(base_url=url, timeout=PROBE_S) as client:
                response = await client.get("/readyz")
            if response.status_code != 200:
                phase.faults.append(f"/readyz: {response.status_code}")
        except httpx.HTTPError as error:
            phase.faults.append(f"/readyz does not answer in {PROBE_S:g} s: {error!r}")
        await asyncio.sleep(0.5)


async def _attack(served: Served, until: float, phase: Phase) -> None:
    turns: list[Callable[[], Awaitable[None]]] = [
        lambda: _send(served, hostile_json(), phase),
        lambda: _send(served, vast_pictures() * PICTURES_AT_ONCE, phase),
        lambda: _idle(served),
        lambda: _send(served, cut_bodies(), phase),
    ]
    turn = 0
    while time.monotonic() < until:
        await turns[turn % len(turns)]()
        turn += 1


async def _send(served: Served, attacks: list[Attack], phase: Phase) -> None:
    """All at once; an answer that is not right is a fault."""
    answers = await asyncio.gather(*(_status(served, attack.request) for attack in attacks))
    for attack, status in zip(attacks, answers, strict=True):
        if status is not None and status not in attack.statuses:
            phase.faults.append(f"{attack.name}: {status}, right is {sorted(attack.statuses)}")


async def _status(served: Served, request: bytes) -> int | None:
    """The status of the answer; None where the server hangs up."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection(*served.address)
            try:
                with suppress(ConnectionError):
                    writer.write(request)
                    await writer.drain()
                line = await reader.readline()
                return int(line.split()[1]) if line.startswith(b"HTTP/") else None
            finally:
                writer.close()
    return None


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


def verdict(calm: Phase, attacked: Phase, peak_mib: float, allowed_mib: float) -> list[str]:
    """What is wrong, nothing where the server passes."""
    faults = [*(f"undisturbed: {f}" for f in calm.faults), *attacked.faults]
    if attacked.p95 > RATIO * calm.p95:
        faults.append(f"p95 {attacked.p95:.3f} s, more than {RATIO:g} times {calm.p95:.3f} s")
    if peak_mib > allowed_mib:
        faults.append(f"memory reached {peak_mib:.0f} MiB, {allowed_mib:.0f} are stated")
    return faults


def main() -> int:
    """Attack a server and print the report; 1 where something is at fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--peak-mib", type=float, default=PEAK_MIB)
    options = parser.parse_args()
    _raise_own_limit()
    hostile_json(), vast_pictures()  # made now: the clients that measure share this process
    settings: dict[str, Any] = {"body_timeout_s": 5.0}
    with tempfile.TemporaryDirectory() as folder:
        bundle = options.bundle or tiny(Path(folder))
        with process(bundle, **settings) as served:
            calm = asyncio.run(clients(served, options.minutes * 30, hostile=False))
            attacked = asyncio.run(clients(served, options.minutes * 60, hostile=True))
            peak = served.peak_mib()
    faults = verdict(calm, attacked, peak, options.peak_mib)
    for name, phase in (("undisturbed", calm), ("attacked", attacked)):
        print(f"{name}: {len(phase.seconds)} requests, p95 {phase.p95:.3f} s")
    print(f"memory peak {peak:.0f} MiB; {len(faults)} faults", *faults[:30], sep="\n")
    return 1 if faults else 0


def _raise_own_limit() -> None:
    """The idle connections need descriptors here, too."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    sys.exit(main())
