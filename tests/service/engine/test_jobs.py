from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.contract import Prompt
from service.engine.jobs import Job, JobQueue, ReadJob, SeeJob
from tasks import form
from tasks.errors import EngineUnavailable, QueueFull
from tasks.source import Source


def read_job(tokens: int) -> ReadJob:
    return ReadJob(Prompt(Source("", (0,) * tokens, (0,) * tokens, ()), form.ENTITIES), None)


def see_job() -> SeeJob:
    return SeeJob(np.zeros((3, 4, 4), dtype=np.float32))


def test_the_queue_is_bounded_in_items() -> None:
    queue = JobQueue(3, 1000)
    queue.put([read_job(1), see_job()])
    with pytest.raises(QueueFull, match="3 prompts and pictures"):
        queue.put([read_job(1), read_job(1)])
    assert len(queue) == 2
    queue.put([read_job(1)])
    queue.take(1, 1000, 0)
    queue.put([read_job(1)])


def test_the_queue_is_bounded_in_tokens() -> None:
    queue = JobQueue(100, 50)
    queue.put([read_job(30)])
    with pytest.raises(QueueFull, match="50 tokens"):
        queue.put([read_job(21)])
    queue.put([read_job(20), see_job()])
    assert sum(job.tokens for job in queue.take(9, 1000, 0)) == 50
    queue.put([read_job(50)])


def test_what_nobody_waits_for_gives_way() -> None:
    queue = JobQueue(2, 50)
    gone, kept = read_job(40), read_job(10)
    queue.put([gone, kept])
    gone.future.cancel()
    late = read_job(40)
    queue.put([late])
    assert queue.take(9, 1000, 0) == [kept, late]


def test_cancelled_jobs_are_never_handed_out() -> None:
    queue = JobQueue(9, 99)
    jobs = [read_job(1) for _ in range(3)]
    queue.put(list(jobs))
    jobs[0].future.cancel()
    jobs[2].future.cancel()
    assert queue.take(9, 99, 0) == [jobs[1]]
    assert len(queue) == 0


def test_a_job_that_is_handed_out_cannot_be_cancelled_any_more() -> None:
    queue = JobQueue(9, 99)
    job = read_job(1)
    queue.put([job])
    assert queue.take(9, 99, 0) == [job]
    assert not job.future.cancel()


def test_pictures_and_prompts_are_never_in_one_batch() -> None:
    queue = JobQueue(9, 99)
    first, picture, second, other = read_job(1), see_job(), read_job(1), see_job()
    queue.put([first, picture, second, other])
    assert queue.take(9, 99, 0) == [first, second]
    assert queue.take(9, 99, 0) == [picture, other]


def test_a_batch_is_bounded_in_padded_tokens() -> None:
    queue = JobQueue(9, 999)
    short, long, other = read_job(10), read_job(60), read_job(10)
    queue.put([short, long, other])
    assert queue.take(9, 100, 0) == [short, other]
    # alone it is taken however long it is
    assert queue.take(9, 50, 0) == [long]


@given(
    sizes=st.lists(st.integers(0, 20), max_size=30),
    items=st.integers(1, 5),
    tokens=st.integers(1, 60),
)
def test_everything_is_handed_out_once_and_the_oldest_first(
    sizes: list[int], items: int, tokens: int
) -> None:
    queue = JobQueue(100, 1000)
    jobs: list[Job] = [read_job(size) if size else see_job() for size in sizes]
    queue.put(list(jobs))
    waiting, batches = list(jobs), 0
    while waiting:
        batch = queue.take(items, tokens, 0)
        batches += 1
        assert batch[0] is waiting[0] and len(batch) <= items
        assert len({type(job) for job in batch}) == 1
        padded = max(job.tokens for job in batch) * len(batch)
        assert padded <= tokens or len(batch) == 1
        assert [waiting.index(job) for job in batch] == sorted(waiting.index(j) for j in batch)
        waiting = [job for job in waiting if job not in batch]
    assert len(queue) == 0 and batches <= len(jobs)
    queue.put([read_job(1000)])  # every token was given back


def test_a_closed_queue_hands_back_what_waits_and_takes_nothing() -> None:
    queue = JobQueue(9, 99)
    job = read_job(1)
    queue.put([job])
    assert queue.close() == [job]
    assert queue.take(9, 99, 0) == [] and len(queue) == 0
    with pytest.raises(EngineUnavailable):
        queue.put([read_job(1)])


@pytest.mark.parametrize("wake", ["put", "close"])
def test_whoever_waits_is_woken_at_once(wake: str) -> None:
    queue = JobQueue(9, 99)
    job = read_job(1)
    thread = threading.Timer(0.05, (lambda: queue.put([job])) if wake == "put" else queue.close)
    thread.start()
    started = time.perf_counter()
    assert queue.take(9, 99, 30.0) == ([job] if wake == "put" else [])
    assert time.perf_counter() - started < 10
    thread.join()


def test_nobody_waits_longer_than_told() -> None:
    assert JobQueue(9, 99).take(9, 99, 0.01) == []
