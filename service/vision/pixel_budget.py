"""How many pixels of pictures are in memory at once, in all requests together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service.settings import BYTES_PER_PIXEL


def pixels_in(size: int) -> int:
    """The pixels that stand for so many bytes of a picture's input to the model."""
    return -(-size // BYTES_PER_PIXEL)


class Hold:
    """A share of the budget; it can be made smaller when less is needed."""

    def __init__(self, budget: PixelBudget, pixels: int) -> None:
        self._budget, self.pixels = budget, pixels

    def shrink(self, pixels: int) -> None:
        """Give back all but so many pixels."""
        if pixels < self.pixels:
            self._budget.give_back(self.pixels - pixels)
            self.pixels = pixels


class PixelBudget:
    """Bounds the pixels in memory; first come, first served. For one event loop.

    A picture that has more pixels than the whole budget is let in when no other is there.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._used = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def used(self) -> int:
        """The pixels held now."""
        return self._used

    @asynccontextmanager
    async def hold(self, pixels: int) -> AsyncIterator[Hold]:
        """Wait until there is room for so many pixels, and hold them until the end."""
        share = min(pixels, self._most)
        await self._enter(share)
        hold = Hold(self, share)
        try:
            yield hold
        finally:
            hold.shrink(0)

    def give_back(self, pixels: int) -> None:
        """Let in those who wait for so many pixels more."""
        self._used -= pixels
        self._let_in()

    async def _enter(self, share: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((share, turn))
        self._let_in()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back(share)
            raise

    def _let_in(self) -> None:
        while self._waiting:
            share, turn = self._waiting[0]
            if not turn.done() and self._used + share > self._most:
                return
            self._waiting.popleft()
            if not turn.done():
                self._used += share
                turn.set_result(None)
