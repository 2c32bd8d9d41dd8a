"""The first table: throughput and latencies of all contenders under the same load."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.agreement import differences
from benchmarks.contenders import TITLES, Contender
from benchmarks.runs import Figures, Run
from benchmarks.tables import mebibytes, number, table

ASKING = 8
"""Clients while answers are compared: enough for batches."""

_SHOWN = 3


@dataclass
class Serving:
    """Runs by contender and number of clients, and differences of answers."""

    requests: int
    runs: dict[str, dict[int, list[Run]]] = field(default_factory=dict)
    differing: dict[str, dict[int, list[str]]] = field(default_factory=dict)

    @property
    def figures(self) -> dict[str, list[Figures]]:
        """Medians by contender, in the order of the numbers of clients."""
        return {
            letter: [Figures.of(runs) for _, runs in sorted(by_clients.items())]
            for letter, by_clients in self.runs.items()
        }

    def ratio(self, one: str, other: str, clients: int) -> float | None:
        """The throughput of `one` divided by that of the other; None if one is missing."""
        rates = {
            letter: figures.rate
            for letter, rows in self.figures.items()
            for figures in rows
            if figures.clients == clients
        }
        if one not in rates or not rates.get(other):
            return None
        return rates[one] / rates[other]

    def values(self) -> dict[str, Any]:
        """All values for JSON."""
        runs = {
            letter: {str(clients): [run.values() for run in runs] for clients, runs in rows.items()}
            for letter, rows in self.runs.items()
        }
        return {"requests": self.requests, "runs": runs, "differing": self.differing}


def compare(
    contenders: Mapping[str, Contender],
    requests: int,
    clients: Sequence[int],
    seconds: float,
    rounds: int,
) -> Serving:
    """Compare the answers of all running contenders, then measure them in turns.

    The comparison is also the warm-up. Other contenders are paused meanwhile: even idle workers can
    reduce the throughput of others considerably. Raises `ContenderFailed`.
    """
    found = Serving(requests)
    answers = {}
    for letter, contender in contenders.items():
        say(f"answers of ({letter}) {TITLES[letter]}")
        answers[letter] = contender.answers(ASKING)
        contender.pause()
    first = next(iter(answers), "")
    for letter in list(answers)[1:]:
        found.differing[letter] = differing(answers[first], answers[letter])
    for turn in range(rounds):
        for count in clients:
            for letter, contender in contenders.items():
                contender.resume()
                run = contender.run(count, seconds)
                contender.pause()
                found.runs.setdefault(letter, {}).setdefault(count, []).append(run)
                say(
                    f"round {turn + 1}/{rounds}, {count} clients, ({letter}) {TITLES[letter]}: "
                    f"{run.rate:.2f} requests/s, p50 {run.quantile_ms(0.5):.0f} ms"
                )
    return found


def differing(one: Sequence[Any], other: Sequence[Any]) -> dict[int, list[str]]:
    """The numbers of requests with different answers, and the differences."""
    compared = {
        number: list(differences(*pair)) for number, pair in enumerate(zip(one, other, strict=True))
    }
    return {number: found for number, found in compared.items() if found}


def serving_markdown(found: Serving) -> str:
    """The table, the ratios of throughput, and whether the answers agree."""
    rows = [
        (
            f"({letter}) {TITLES[letter]}",
            str(figures.clients),
            number(figures.rate, 2),
            number(figures.p50),
            number(figures.p95),
            number(figures.p99),
            mebibytes(figures.peak_bytes),
        )
        for letter, all_figures in found.figures.items()
        for figures in all_figures
    ]
    head = ("contender", "clients", "requests/s", "p50, ms", "p95, ms", "p99, ms", "peak RSS")
    return "\n\n".join([table(head, rows), _ratios(found), _agreement(found)])


def _ratios(found: Serving) -> str:
    counts = sorted({count for rows in found.runs.values() for count in rows})
    pairs = (("d", "a"), ("d", "b"), ("d", "c"))
    rows = [
        (f"({one}) : ({other})", *(number(found.ratio(one, other, count), 2) for count in counts))
        for one, other in pairs
    ]
    return table(("requests/s, ratio", *(f"{count} clients" for count in counts)), rows)


def _agreement(found: Serving) -> str:
    if not found.differing:
        return "One contender alone: nothing to compare answers with."
    first = next(iter(found.runs), "")
    lines = []
    for letter, requests in found.differing.items():
        alike = found.requests - len(requests)
        lines.append(f"- ({letter}) answers {alike} of {found.requests} requests as ({first}) does")
        for index, told in list(requests.items())[:_SHOWN]:
            lines.append(f"  - request {index}: {'; '.join(told[:_SHOWN])}")
    return "\n".join(lines)


def say(line: str) -> None:
    """Show progress."""
    print(line, file=sys.stderr, flush=True)
