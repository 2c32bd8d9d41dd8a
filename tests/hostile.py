"""Clients beside one hostile client: `python -m tests.hostile --minutes 1`.

Sixty clients ask at a steady rate, in turn undisturbed and beside a client that sends JSON that
takes memory, vast pictures, a thousand idle connections and forms that are cut off. A server passes
that answers all other requests with 200 in less than twice their time, whose probe /readyz is true
and quick throughout, and whose memory stays below its stated peak. Only loopback is used; without
--bundle a tiny model is served.

So that the times compare the service with itself and nothing else:

- the two conditions alternate, each first as often as the other: a machine that becomes slower or
  faster meanwhile changes both;
- the first requests and those right behind an attack are not counted;
- a 95th percentile is of several hundred requests at least;
- the hostile client and its bodies are in another process, and the probe makes no TLS context:
  both would hold the event loop whose clock measures.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.service.fakes import picture_bytes
from tests.soak import tiny
from tests.support.attacks import get
from tests.support.hostile_client import HostileClient, status_of
from tests.support.process import Served, process

CLIENTS = 60
PAUSE_S = 3.0
"""Between the requests of a client: the server is used and not full."""

RATIO = 2.0
PEAK_MIB = 3072.0
"""The peak that docs/deploy.md states; the limits of containers are above it."""

BLOCK_S = 15.0
"""Of one condition; then comes the other. Longer than a round of all attacks."""

WARM_S = 10.0
SETTLE_S = 3.0
"""Behind a block, until what it left is done."""

LEAST_REQUESTS = 200
"""For a percentile of 95; with fewer the run says nothing."""

PROBE_S = 2.0
PATIENCE_S = 60.0


@dataclass
class Phase:
    """What the clients and the probe met."""

    seconds: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    rounds: int = 0
    """Of all attacks."""

    @property
    def p95(self) -> float:
        """Seconds within which 95 of 100 requests were answered."""
        ordered = sorted(self.seconds)
        return ordered[int(0.95 * (len(ordered) - 1))] if ordered else 0.0


async def clients(served: Served, seconds: float, phase: Phase) -> None:
    """Ask for so long, and add what is met to `phase`."""
    until = time.monotonic() + seconds
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=served.url, timeout=PATIENCE_S, limits=limits) as client:
        asking = (_ask(client, number, until, phase) for number in range(CLIENTS))
        await asyncio.gather(*asking, _probe(served, until, phase))


def run_blocks(served: Served, hostile: HostileClient, pairs: int) -> tuple[Phase, Phase]:
    """Ask undisturbed and attacked, so many times each, and return both phases."""
    calm, attacked = Phase(), Phase()
    asyncio.run(clients(served, WARM_S, Phase()))
    for pair in range(pairs):
        for beside in (False, True) if pair % 2 == 0 else (True, False):
            if beside:
                hostile.begin(BLOCK_S)
            asyncio.run(clients(served, BLOCK_S, attacked if beside else calm))
            if beside:
                sent = hostile.end()
                attacked.rounds += sent.rounds
                attacked.faults += sent.faults
            time.sleep(SETTLE_S)
    return calm, attacked


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


async def _probe(served: Served, until: float, phase: Phase) -> None:
    """Each probe has a connection of its own, as orchestrators have."""
    while time.monotonic() < until:
        status = await status_of(served.address, get("/readyz"), PROBE_S)
        if status is None:
            phase.faults.append(f"/readyz does not answer in {PROBE_S:g} s")
        elif status != 200:
            phase.faults.append(f"/readyz: {status}")
        await asyncio.sleep(0.5)


def verdict(calm: Phase, attacked: Phase, peak_mib: float, allowed_mib: float) -> list[str]:
    """What is wrong, nothing where the server passes."""
    faults = [*(f"undisturbed: {f}" for f in calm.faults), *attacked.faults]
    if min(len(calm.seconds), len(attacked.seconds)) < LEAST_REQUESTS or not attacked.rounds:
        faults.append(
            f"{len(calm.seconds)} and {len(attacked.seconds)} requests and {attacked.rounds} "
            f"rounds of attacks say nothing; {LEAST_REQUESTS} requests and a round are the least"
        )
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
    pairs = max(1, round(options.minutes * 60 / BLOCK_S))
    settings: dict[str, Any] = {"body_timeout_s": 5.0}
    with tempfile.TemporaryDirectory() as folder:
        bundle = options.bundle or tiny(Path(folder))
        with process(bundle, **settings) as served:
            hostile = HostileClient(served)
            try:
                calm, attacked = run_blocks(served, hostile, pairs)
            finally:
                hostile.close()
            peak = served.peak_mib()
    faults = verdict(calm, attacked, peak, options.peak_mib)
    for name, phase in (("undisturbed", calm), ("attacked", attacked)):
        print(f"{name}: {len(phase.seconds)} requests, p95 {phase.p95:.3f} s", end="")
        print(f", {phase.rounds} rounds of attacks" if phase.rounds else "")
    print(f"memory peak {peak:.0f} MiB; {len(faults)} faults", *faults[:30], sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
