from __future__ import annotations

import asyncio
import math
import time

import pytest

from service.engine.deadline import deadline, within

pytestmark = pytest.mark.anyio


def test_there_is_no_deadline_unless_set() -> None:
    assert deadline() == math.inf
    with within(5.0):
        assert 4.0 < deadline() - time.monotonic() <= 5.0
        with within(1.0):
            assert deadline() - time.monotonic() <= 1.0
        assert deadline() - time.monotonic() > 4.0
    assert deadline() == math.inf


async def test_a_task_keeps_the_deadline_of_its_context() -> None:
    async def time_left() -> float:
        await asyncio.sleep(0)
        return deadline() - time.monotonic()

    with within(5.0):
        long = asyncio.ensure_future(time_left())
    with within(1.0):
        short = asyncio.ensure_future(time_left())
    free = asyncio.ensure_future(time_left())
    assert 4.0 < await long <= 5.0 and await short <= 1.0 and await free == math.inf
