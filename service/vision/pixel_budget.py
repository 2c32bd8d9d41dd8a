"""Limits the pixels of decoded images in memory, over all requests together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from service.settings import BYTES_PER_PIXEL


def pixels_in(size: int) -> int:
    """Convert `size` bytes of a model input to pixels of the budget, rounded up."""
    return -(-size // BYTES_PER_PIXEL)


class Reservation:
    """A share of the budget, which can be reduced."""

    def __init__(self, budget: PixelBudget, pixels: int) -> None:
        """Create a reservation of `pixels`, already taken from `budget`."""
        self._budget, self.pixels = budget, pixels

    def shrink(self, pixels: int) -> None:
        """Reduce the reservation to `pixels`; a larger number changes nothing."""
        if pixels < self.pixels:
            self._budget.release(self.pixels - pixels)
            self.pixels = pixels


class PixelBudget:
    """A first-come, first-served budget of pixels, for use on one event loop.

    An image with more pixels than the whole budget is admitted when no other image is in memory.
    """

    def __init__(self, most: int) -> None:
        """Create a budget of `most` pixels."""
        self._most = most
        self._used = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def used(self) -> int:
        """Pixels reserved now."""
        return self._used

    @asynccontextmanager
    async def reserve(self, pixels: int) -> AsyncIterator[Reservation]:
        """Wait until `pixels` are free and reserve them until the context exits."""
        share = min(pixels, self._most)
        await self._acquire(share)
        reservation = Reservation(self, share)
        try:
            yield reservation
        finally:
            reservation.shrink(0)

    def release(self, pixels: int) -> None:
        """Return `pixels` to the budget and admit waiting images."""
        self._used -= pixels
        self._admit()

    async def _acquire(self, share: int) -> None:
        admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((share, admitted))
        self._admit()
        try:
            await admitted
        except asyncio.CancelledError:
            if admitted.done() and not admitted.cancelled():
                self.release(share)
            raise

    def _admit(self) -> None:
        while self._waiting:
            share, admitted = self._waiting[0]
            if not admitted.done() and self._used + share > self._most:
                return
            self._waiting.popleft()
            if not admitted.done():
                self._used += share
                admitted.set_result(None)
