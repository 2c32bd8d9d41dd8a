"""Time to readiness, latency without load, and memory over many requests."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.contenders import Conditions, Inside, Server, service
from benchmarks.runs import quantile
from benchmarks.serving import say
from benchmarks.tables import mebibytes, number, table
from benchmarks.workload import Workload

PERIODS = 20
"""Number of memory samples over all requests."""

_CLIENTS = 32
_TURN_S = 1.0
_BODIES = 8


@dataclass(frozen=True, slots=True)
class Unloaded:
    """Sequential requests: median milliseconds over HTTP, and in the graphs alone."""

    kind: str
    p50: float
    graphs: float

    @property
    def ratio(self) -> float:
        """Latency over HTTP divided by time in the graphs."""
        return self.p50 / self.graphs


@dataclass(frozen=True, slots=True)
class Endured:
    """Memory after so many requests."""

    requests: int
    bytes: int


def ready_seconds(common: Conditions, times: int) -> float:
    """Median time from the start of `umie serve` with an existing bundle to readiness."""
    found = []
    for _ in range(times):
        server = service(common)
        try:
            found.append(server.start())
        finally:
            server.stop()
        say(f"ready after {found[-1]:.2f} s")
    return statistics.median(found)


def unloaded(
    common: Conditions, engine: Inside, load: Workload, seconds: float, rounds: int
) -> list[Unloaded]:
    """Latency of requests for entities without load, with and without a picture.

    The service and the instrumented engine process the same requests in alternating turns of a
    second each, because the speed of a shared machine varies over time.
    """
    found = []
    for kind, pictures in (("entities of a text", False), ("… and a picture", True)):
        bodies = load.entities_alone(pictures=pictures).bodies[:_BODIES]
        path = common.workload.with_name(f"unloaded-{pictures}.ndjson")
        Workload(kind, bodies).write(path)
        server = service(common, path)
        server.start()
        try:
            turns = max(1, round(seconds * rounds))
            found.append(_unloaded(kind, server, engine, bodies, turns))
        finally:
            server.stop()
        say(f"{kind}: {found[-1].p50:.1f} ms, {found[-1].graphs:.1f} ms in the graphs")
    return found


def _unloaded(
    kind: str,
    server: Server,
    engine: Inside,
    bodies: tuple[dict[str, Any], ...],
    turns: int,
) -> Unloaded:
    server.answers(1)
    whole: list[float] = []
    graphs: list[float] = []
    for _ in range(turns):
        run = server.run(1, _TURN_S)
        whole += [latency * 1000 for latency in run.latencies_s]
        repeats = max(1, len(run.latencies_s) // len(bodies))
        graphs += engine.process.tell({"do": "graphs", "bodies": bodies, "repeats": repeats})
    return Unloaded(kind, quantile(whole, 0.5), quantile(graphs, 0.5))


def endure(server: Server, requests: int) -> list[Endured]:
    """The server's memory after every twentieth of so many requests from 32 clients."""
    found, done = [Endured(0, server.process.resident_bytes())], 0
    while done < requests:
        done += server.ask(min(requests - done, max(1, requests // PERIODS)), _CLIENTS)
        found.append(Endured(done, server.process.resident_bytes()))
        say(f"{done}/{requests} requests: {found[-1].bytes / 2**20:.0f} MiB")
    return found


def upkeep_markdown(
    ready: float | None, rows: list[Unloaded] | None, endured: list[Endured] | None
) -> str:
    """All measurements as Markdown."""
    parts = []
    if ready is not None:
        parts.append(
            f"`umie serve` over an existing bundle is ready {ready:.1f} s after its process began."
        )
    if rows is not None:
        cells = [
            (row.kind, number(row.p50), number(row.graphs), number(row.ratio, 2)) for row in rows
        ]
        head = ("one request at a time", "p50 over HTTP, ms", "graphs alone, ms", "ratio")
        parts.append(table(head, cells))
    if endured is not None:
        sizes = [(f"{row.requests:,}", mebibytes(row.bytes)) for row in endured]
        parts.append(table(("requests answered", "RSS"), sizes))
    return "\n\n".join(parts)


def upkeep_values(
    ready: float | None, rows: list[Unloaded] | None, endured: list[Endured] | None
) -> dict[str, Any]:
    """All measurements as values for JSON."""
    return {
        "ready_s": ready,
        "unloaded": None if rows is None else [asdict(row) for row in rows],
        "endured": None if endured is None else [asdict(row) for row in endured],
    }
