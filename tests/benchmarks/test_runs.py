from __future__ import annotations

import asyncio
import math

import pytest

from benchmarks.runs import Figures, Run, answers, closed_loop, quantile

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 2.0), (0.75, 3.0), (0.76, 4.0), (0.99, 4.0), (0.0, 1.0)]
)
def test_a_quantile_is_a_value_that_was_seen(share: float, expected: float) -> None:
    assert quantile([4.0, 1.0, 3.0, 2.0], share) == expected


def test_without_values_there_is_no_quantile() -> None:
    assert math.isnan(quantile([], 0.5))


def run_of(*latencies_s: float, seconds: float = 1.0, peak: int | None = None) -> Run:
    return Run(2, seconds, latencies_s, peak_bytes=peak)


def test_figures_are_medians_over_runs() -> None:
    runs = [
        run_of(0.1, 0.2, peak=10),
        run_of(0.3, 0.4, 0.5, 0.6, peak=30),
        run_of(0.2, 0.2, 0.9, peak=20),
    ]
    figures = Figures.of(runs)
    assert (figures.rate, figures.p50, figures.p99) == (3.0, 200.0, 600.0)
    assert (figures.peak_bytes, figures.runs, figures.clients) == (30, 3, 2)


def test_a_run_survives_json() -> None:
    run = Run(8, 2.0, (0.1, 0.2), failures=1, cpu_share=0.25, peak_bytes=9)
    assert Run.of_values({**run.values(), "latencies_s": [0.1, 0.2]}) == run


async def test_the_window_opens_when_everybody_could_have_been_answered() -> None:
    asked: list[int] = []

    async def ask(number: int) -> bool:
        asked.append(number)
        await asyncio.sleep(0.005)
        return number % 2 == 0

    run = await closed_loop(ask, clients=4, seconds=0.2)
    assert asked == list(range(len(asked)))
    assert run.clients == 4
    assert run.seconds == 0.2
    assert 0 < len(run.latencies_s) <= len(asked) - 4
    assert 0 < run.failures < len(run.latencies_s)
    assert min(run.latencies_s) >= 0.004


async def test_an_ask_that_raises_ends_the_run() -> None:
    async def ask(number: int) -> bool:
        raise ConnectionError("nobody there")

    with pytest.raises(ConnectionError, match="nobody there"):
        async with asyncio.timeout(5):
            await closed_loop(ask, clients=2, seconds=60)


async def test_answers_come_in_the_order_of_the_requests() -> None:
    async def ask(number: int) -> str:
        await asyncio.sleep(0.01 if number == 0 else 0)
        return str(number)

    assert await answers(ask, count=5, clients=3) == ["0", "1", "2", "3", "4"]
