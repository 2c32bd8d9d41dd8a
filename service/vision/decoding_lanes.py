"""Lanes for decoding images: small ones never wait for large ones."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from service.settings import MEBIBYTE
from service.vision.decoding import ImageFile
from service.vision.pixel_budget import PixelBudget

SMALL_BYTES = 8 * MEBIBYTE
"""Up to this size the header is read in some milliseconds: photographs of phones."""

SMALL_PIXELS = 16_000_000
"""Up to this size a JPEG is decoded in less than 0.1 s of CPU time, again as phones write them."""

SMALL_KEPT_PIXELS = 6_000_000
"""The same for the pixels that decoding keeps in memory, which take longer."""

_SMALL_SHARE = 0.2
"""The part of the pixel budget that large images leave to small ones."""

_LOWER_BY = 5
"""Nice levels between the threads of large images and all others.

Each level is about a quarter of the CPU time. More would let a thread that has the interpreter's
lock be interrupted for long, while others wait for this lock.
"""


@dataclass(frozen=True)
class DecodingLane:
    """Threads that decode images, and the budget of their pixels."""

    threads: ThreadPoolExecutor
    budget: PixelBudget


class DecodingLanes:
    """A lane for small images, and one with a single thread of lower priority for large ones.

    Images wait for the threads and for the pixel budget of their own lane alone.
    """

    def __init__(self, threads: int, max_pixels: int) -> None:
        """Create the lanes.

        Args:
            threads: of the lane for small images.
            max_pixels: most decoded pixels in memory, of both lanes together.
        """
        small = max(1, int(max_pixels * _SMALL_SHARE))
        self._small = DecodingLane(
            ThreadPoolExecutor(threads, thread_name_prefix="image"), PixelBudget(small)
        )
        self._large = DecodingLane(
            ThreadPoolExecutor(
                1, thread_name_prefix="large image", initializer=lower_thread_priority
            ),
            PixelBudget(max(1, max_pixels - small)),
        )

    @property
    def reserved_pixels(self) -> int:
        """Pixels reserved now, in both lanes."""
        return self._small.budget.used + self._large.budget.used

    def for_header(self, data: bytes) -> DecodingLane:
        """Return the lane that reads the header of a file."""
        return self._small if len(data) <= SMALL_BYTES else self._large

    def for_image(self, data: bytes, file: ImageFile) -> DecodingLane:
        """Return the lane that decodes an opened file."""
        small = file.coded_pixels <= SMALL_PIXELS and file.pixels <= SMALL_KEPT_PIXELS
        return self._small if small and len(data) <= SMALL_BYTES else self._large

    def close(self) -> None:
        """Stop the threads: running tasks finish, waiting tasks are cancelled."""
        for lane in (self._small, self._large):
            lane.threads.shutdown(wait=False, cancel_futures=True)


def lower_thread_priority() -> None:
    """Lower the priority of the calling thread, where the system has priorities of threads."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):
            current = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, current + _LOWER_BY)
