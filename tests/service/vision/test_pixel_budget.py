from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.vision.pixel_budget import PixelBudget, pixels_in

pytestmark = pytest.mark.anyio


@given(
    sizes=st.lists(st.integers(1, 150), min_size=1, max_size=30),
    cancelled=st.sets(st.integers(0, 29), max_size=10),
    shrunk=st.sets(st.integers(0, 29)),
)
def test_no_more_is_held_than_there_is(
    sizes: list[int], cancelled: set[int], shrunk: set[int]
) -> None:
    asyncio.run(_everybody_has_a_turn(sizes, cancelled, shrunk))


async def _everybody_has_a_turn(sizes: list[int], cancelled: set[int], shrunk: set[int]) -> None:
    budget, had = PixelBudget(100), list[int]()

    async def use(number: int, size: int) -> None:
        async with budget.reserve(size) as reservation:
            assert budget.used <= 100
            await asyncio.sleep(0)
            if number in shrunk:
                reservation.shrink(size // 3)
            await asyncio.sleep(0)
            had.append(number)

    tasks = [asyncio.create_task(use(i, size)) for i, size in enumerate(sizes)]
    await asyncio.sleep(0)
    gone = [i for i in cancelled if i < len(tasks) and tasks[i].cancel()]
    await asyncio.gather(*tasks, return_exceptions=True)
    assert budget.used == 0
    assert set(had) == set(range(len(sizes))) - set(gone)


async def test_who_comes_first_is_let_in_first() -> None:
    budget, order = PixelBudget(10), list[str]()

    async def use(name: str, pixels: int) -> None:
        async with budget.reserve(pixels):
            order.append(name)
            await asyncio.sleep(0)

    await asyncio.gather(use("first", 6), use("large", 10), use("small", 1))
    assert order == ["first", "large", "small"]


async def test_a_share_is_given_back_after_a_failure() -> None:
    budget = PixelBudget(10)
    with pytest.raises(ValueError, match="no picture"):
        async with budget.reserve(7):
            raise ValueError("no picture")
    assert budget.used == 0


def test_bytes_count_as_the_pixels_that_take_as_many() -> None:
    assert [pixels_in(size) for size in (0, 1, 20, 21)] == [0, 1, 1, 2]
