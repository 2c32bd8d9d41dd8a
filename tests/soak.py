"""More clients than a server admits, for a while: `python -m tests.soak --minutes 10`.

Twice as many clients as requests are admitted ask without a pause, with pictures and without, while
others open idle connections and SIGHUP comes again and again. A server passes that answers all of
them in time, with 200, 429, 503 or 504 alone, that holds nothing when they have gone, and whose
memory stays where it was. Without --bundle a tiny model is served.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.service.fakes import picture_bytes

ADMITTED = {200, 429, 503, 504}
TIGHT: dict[str, Any] = {
    "max_inflight_requests": 12,
    "max_queue_items": 16,
    "deadline_s": 2.0,
    "visual_cache_items": 4,
}
"""Settings of a server that is soon full."""

IDLE = 600
"""Idle connections at once, more than a server admits by default."""

DISTURB_S = 5.0
"""Between two rounds of idle connections, each with a SIGHUP."""

GROWTH_MB = 64
WARM_SHARE = 0.3
"""The part of the time after which memory is first looked at."""


@dataclass
class Report:
    """What came back, and what was left."""

    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    growth_mb: float = 0.0

    def __str__(self) -> str:
        answers = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        told = f"{answers}; slowest {self.slowest_s:.2f} s; memory {self.growth_mb:+.1f} MB"
        return "\n".join([told, *self.faults[:20]])


async def soak(
    url: str, seconds: float, *, limits: dict[str, Any] = TIGHT, pid: int | None = None
) -> Report:
    """Ask the server at `url`, which has these limits, from twice as many clients as it admits.

    With its process `pid` it gets SIGHUP and idle connections meanwhile.
    """
    report = Report()
    clients = 2 * limits["max_inflight_requests"]
    until = time.monotonic() + seconds
    pool = httpx.Limits(max_connections=clients + 2)
    patience = limits["deadline_s"] + 20.0
    async with httpx.AsyncClient(base_url=url, timeout=patience, limits=pool) as client:
        asking = [asyncio.create_task(_ask(client, n, until, report)) for n in range(clients)]
        if pid is not None:
            asking.append(asyncio.create_task(_disturb(url, pid, until)))
        await asyncio.sleep(seconds * WARM_SHARE)
        before = (await _sample(client))["process_resident_memory_bytes"]
        await asyncio.gather(*asking)
        left = await _settled(client)
    report.growth_mb = (left["process_resident_memory_bytes"] - before) / 2**20
    if report.growth_mb > GROWTH_MB:
        report.faults.append(f"memory grew by {report.growth_mb:.0f} MB")
    for name in ("umie_inflight_requests", "umie_queue_depth", "umie_slots_in_use"):
        if left[name]:
            report.faults.append(f"{name} is {left[name]:g} when everybody has gone")
    return report


async def _ask(client: httpx.AsyncClient, number: int, until: float, report: Report) -> None:
    dice = random.Random(number)
    pictures = [picture_bytes((40 + number, 20 + k), mode="L") for k in range(3)]
    while time.monotonic() < until:
        started = time.monotonic()
        words = " ".join(dice.choice(("Ann", "Bob", "met", "in", "the")) for _ in range(12))
        files = {"image": dice.choice(pictures)} if dice.random() < 0.3 else None
        try:
            response = await client.post("/extract", data={"text": words}, files=files)
        except httpx.HTTPError as error:
            report.faults.append(f"no answer: {error!r}")
            continue
        report.statuses[response.status_code] += 1
        report.slowest_s = max(report.slowest_s, time.monotonic() - started)
        if response.status_code not in ADMITTED:
            report.faults.append(f"{response.status_code}: {response.text[:200]}")
        elif response.status_code != 200 and "retry-after" not in response.headers:
            report.faults.append(f"{response.status_code} without Retry-After")


async def _disturb(url: str, pid: int, until: float) -> None:
    address = httpx.URL(url)
    while time.monotonic() < until:
        os.kill(pid, signal.SIGHUP)
        with ExitStack() as idle:
            for _ in range(IDLE):
                with suppress(OSError):
                    opened = idle.enter_context(socket.socket())
                    opened.setblocking(False)
                    opened.connect_ex((address.host, address.port or 80))
            await asyncio.sleep(DISTURB_S)


async def _sample(client: httpx.AsyncClient) -> dict[str, float]:
    text = (await client.get("/metrics")).text
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
    return {sample.name: sample.value for sample in samples if not sample.labels}


async def _settled(client: httpx.AsyncClient) -> dict[str, float]:
    """The metrics when nothing is in flight any more, or after a while in any case."""
    for _ in range(100):
        values = await _sample(client)
        if not any(
            values[f"umie_{n}"] for n in ("inflight_requests", "queue_depth", "slots_in_use")
        ):
            break
        await asyncio.sleep(0.1)
    return values


def main() -> int:
    """Soak a server and print the report; 1 where something is at fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--bundle", type=Path)
    options = parser.parse_args()
    from tests.support.process import process

    with tempfile.TemporaryDirectory() as folder:
        bundle = options.bundle or tiny(Path(folder))
        with process(bundle, **TIGHT) as served:
            print(f"{served.url}, process {served.pid}", flush=True)
            report = asyncio.run(soak(served.url, options.minutes * 60, pid=served.pid))
    print(report)
    return 1 if report.faults else 0


def tiny(folder: Path) -> Path:
    """The bundle of a tiny model, made in `folder`."""
    from export.checkpoint import load_checkpoint, save_checkpoint
    from export.exporter import export_bundle
    from tests.support.bundle import tiny_checkpoint

    save_checkpoint(tiny_checkpoint(), folder / "checkpoint")
    export_bundle(load_checkpoint(folder / "checkpoint"), folder / "bundle")
    return folder / "bundle"


if __name__ == "__main__":
    sys.exit(main())
