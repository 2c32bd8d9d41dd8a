from __future__ import annotations

import asyncio
import math

import pytest

from service.engine.deadline import deadline, within
from service.vision.single_flight import SingleFlight

pytestmark = pytest.mark.anyio


class Work:
    """Work that ends when it is told to."""

    def __init__(self) -> None:
        self.begun = self.cancelled = 0
        self.end = asyncio.Event()
        self.deadline = 0.0

    async def __call__(self) -> int:
        self.begun += 1
        self.deadline = deadline()
        try:
            await self.end.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.begun


async def test_those_who_ask_at_once_share_the_work() -> None:
    flights, work = SingleFlight[str, int](), Work()
    asked = [asyncio.create_task(flights.do("same", work)) for _ in range(20)]
    other = asyncio.create_task(flights.do("other", work))
    await asyncio.sleep(0)
    assert "same" in flights
    work.end.set()
    assert len({await task for task in asked}) == 1
    await other
    assert work.begun == 2 and "same" not in flights
    await flights.do("same", work)
    assert work.begun == 3


async def test_who_gives_up_leaves_the_work_to_the_others() -> None:
    flights, work = SingleFlight[str, int](), Work()
    first, second = (asyncio.create_task(flights.do("same", work)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert first.cancelled() and work.cancelled == 0
    work.end.set()
    assert await second == 1


async def test_work_that_nobody_waits_for_is_cancelled_and_begun_anew_for_who_comes() -> None:
    flights, work = SingleFlight[str, int](), Work()
    gone = asyncio.create_task(flights.do("same", work))
    await asyncio.sleep(0.01)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    late = asyncio.create_task(flights.do("same", work))
    await asyncio.sleep(0.01)
    work.end.set()
    assert await late == 2 and work.cancelled == 1


async def test_a_failure_is_everybodys_and_not_kept() -> None:
    flights, fails = SingleFlight[str, int](), True

    async def work() -> int:
        await asyncio.sleep(0)
        if fails:
            raise ValueError("no such picture")
        return 7

    failed = await asyncio.gather(
        *(flights.do("same", work) for _ in range(3)), return_exceptions=True
    )
    assert [str(error) for error in failed] == ["no such picture"] * 3
    fails = False
    assert await flights.do("same", work) == 7


async def test_the_work_has_no_deadline_of_the_first() -> None:
    flights, work = SingleFlight[str, int](), Work()
    work.end.set()
    with within(0.1):
        await flights.do("same", work)
    assert work.deadline == math.inf
