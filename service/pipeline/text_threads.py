"""Threads that prepare and combine prompts: short texts never wait for long ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LONG_CHARS = 8192
"""From this size on a text is long: it takes some 10 ms of CPU time before its first prompt."""


class TextThreads:
    """Runs work on texts: long ones on one thread of their own, short ones on shared threads.

    So any number of long texts takes one thread at a time, and one share of the interpreter.
    """

    def __init__(self) -> None:
        """Create the thread for long texts."""
        self._long = ThreadPoolExecutor(1, thread_name_prefix="long text")

    async def run(self, text: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return the result of work on a text, from a thread."""
        if len(text) < LONG_CHARS:
            return await asyncio.to_thread(work, *args, **kwargs)
        call = self._long.submit(work, *args, **kwargs)
        return await asyncio.wrap_future(call)

    def close(self) -> None:
        """Stop the thread: running work finishes, waiting work is cancelled."""
        self._long.shutdown(wait=False, cancel_futures=True)
