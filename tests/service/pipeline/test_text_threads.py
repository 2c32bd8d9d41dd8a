from __future__ import annotations

import asyncio
import threading

import pytest

from service.pipeline.text_threads import LONG_CHARS, TextThreads

pytestmark = pytest.mark.anyio

SHORT, LONG = "Ann met Bob", "a" * LONG_CHARS


async def test_a_short_text_does_not_wait_for_long_ones() -> None:
    threads, release, names = TextThreads(), threading.Event(), list[str]()

    def hold() -> None:
        names.append(threading.current_thread().name)
        assert release.wait(30)

    long = [asyncio.create_task(threads.run(LONG, hold)) for _ in range(20)]
    try:
        await asyncio.sleep(0.01)
        assert await asyncio.wait_for(threads.run(SHORT, len, SHORT), 20) == len(SHORT)
        assert len(names) == 1 and not any(task.done() for task in long)
    finally:
        release.set()
    await asyncio.gather(*long)
    assert len(set(names)) == 1 and len(names) == 20
    threads.close()


@pytest.mark.parametrize("text", [SHORT, LONG])
async def test_no_work_runs_on_the_event_loop(text: str) -> None:
    threads = TextThreads()
    assert await threads.run(text, threading.get_ident) != threading.get_ident()
    threads.close()


async def test_an_error_reaches_the_caller() -> None:
    threads = TextThreads()
    for text in (SHORT, LONG):
        with pytest.raises(ZeroDivisionError):
            await threads.run(text, divmod, 1, 0)
    threads.close()
