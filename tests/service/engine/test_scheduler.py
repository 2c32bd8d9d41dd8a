from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.interface import Picture, Prompt
from service.engine.jobs import Dropped, EncodeJob, GenerateJob, Job
from service.engine.scheduler import BatchLimits, JobQueue
from tasks import form
from tasks.errors import DeadlineExceeded, EngineUnavailable, QueueFull
from tasks.source import Source

LIMITS = BatchLimits(pictures=9, prompts=9, tokens=1000)


def prompt_job(tokens: int, deadline: float = float("inf")) -> GenerateJob:
    source = Source("", (0,) * tokens, (0,) * tokens, ())
    return GenerateJob(Prompt(source, form.ENTITIES), None, deadline=deadline)


def image_job() -> EncodeJob:
    return EncodeJob(Picture(np.zeros((3, 4, 4), dtype=np.float32)))


def test_the_queue_is_limited_in_items() -> None:
    queue = JobQueue(3, 1000)
    queue.put([prompt_job(1), image_job()])
    with pytest.raises(QueueFull, match="3 prompts and pictures"):
        queue.put([prompt_job(1), prompt_job(1)])
    assert len(queue) == 2
    queue.put([prompt_job(1)])
    queue.take(LIMITS._replace(prompts=1))
    queue.put([prompt_job(1)])


def test_the_queue_is_limited_in_tokens() -> None:
    queue = JobQueue(100, 50)
    queue.put([prompt_job(30)])
    with pytest.raises(QueueFull, match="50 tokens"):
        queue.put([prompt_job(21)])
    queue.put([prompt_job(20), image_job()])
    assert sum(job.tokens for job in queue.take(LIMITS)) == 50
    queue.put([prompt_job(50)])


def test_jobs_that_share_a_source_count_its_tokens_once() -> None:
    queue, limits = JobQueue(100, 1000), LIMITS._replace(tokens=90)
    source = prompt_job(40).prompt.source
    shared = [GenerateJob(Prompt(source, form.PAIR), None) for _ in range(4)]
    others = [prompt_job(40), prompt_job(41), prompt_job(40)]
    queue.put([shared[0], others[0], shared[1], others[1], shared[2], others[2], shared[3]])
    assert queue.take(limits) == [*shared, others[0]]
    assert queue.take(limits) == [others[1], others[2]]


def test_dropped_jobs_make_place_for_new_ones() -> None:
    dropped: list[Dropped] = []
    queue = JobQueue(3, 60, dropped.append)
    gone, late, kept = prompt_job(40), prompt_job(10, time.monotonic() - 1), prompt_job(10)
    queue.put([gone, late, kept])
    gone.future.cancel()
    latest = prompt_job(40)
    queue.put([latest])
    assert queue.take(LIMITS) == [kept, latest]
    assert dropped == [Dropped.CANCELLED, Dropped.EXPIRED]
    with pytest.raises(DeadlineExceeded):
        late.future.result(0)


def test_dropped_jobs_are_never_taken() -> None:
    dropped: list[Dropped] = []
    queue = JobQueue(9, 99, dropped.append)
    jobs = [prompt_job(1) for _ in range(3)]
    queue.put(jobs)
    jobs[0].future.cancel()
    jobs[2].future.cancel()
    assert queue.take(LIMITS) == [jobs[1]]
    assert len(queue) == 0 and dropped == [Dropped.CANCELLED] * 2


def test_pictures_and_prompts_are_never_in_one_batch() -> None:
    queue = JobQueue(9, 99)
    first, picture, second, other = prompt_job(1), image_job(), prompt_job(1), image_job()
    queue.put([first, picture, second, other])
    assert queue.take(LIMITS) == [first, second]
    assert queue.take(LIMITS) == [picture, other]


def test_images_do_not_wait_for_prompts_without_slots() -> None:
    queue = JobQueue(9, 99)
    prompt, picture = prompt_job(1), image_job()
    queue.put([prompt, picture])
    assert queue.take(LIMITS._replace(prompts=0)) == [picture]
    assert queue.take(LIMITS._replace(prompts=0)) == []
    assert queue.take(LIMITS) == [prompt]


def test_a_batch_is_limited_in_padded_tokens() -> None:
    queue = JobQueue(9, 999)
    short, long, other = prompt_job(10), prompt_job(60), prompt_job(10)
    queue.put([short, long, other])
    assert queue.take(LIMITS._replace(tokens=100)) == [short, other]
    # alone it may exceed the limit
    assert queue.take(LIMITS._replace(tokens=50)) == [long]


def test_prompts_of_similar_lengths_form_a_batch() -> None:
    queue = JobQueue(99, 9999)
    jobs = [prompt_job(tokens) for tokens in (30, 200, 35, 90, 28, 190, 31)]
    queue.put(jobs)
    limits = LIMITS._replace(prompts=3)
    taken = [[job.tokens for job in queue.take(limits)] for _ in range(3)]
    assert taken == [[30, 31, 28], [200, 190, 90], [35]]


@given(
    sizes=st.lists(st.integers(0, 20), max_size=30),
    prompts=st.integers(1, 5),
    tokens=st.integers(1, 60),
)
def test_every_job_is_taken_once_and_the_oldest_first(
    sizes: list[int], prompts: int, tokens: int
) -> None:
    queue = JobQueue(100, 1000)
    jobs: list[Job] = [prompt_job(size) if size else image_job() for size in sizes]
    queue.put(jobs)
    waiting, batches, limits = list(jobs), 0, BatchLimits(3, prompts, tokens)
    while waiting:
        batch = queue.take(limits)
        batches += 1
        assert batch[0] is waiting[0]
        assert len({type(job) for job in batch}) == 1
        if isinstance(batch[0], EncodeJob):
            assert len(batch) <= 3
        else:
            assert len(batch) <= prompts
            padded = max(job.tokens for job in batch) * len(batch)
            assert padded <= tokens or len(batch) == 1
        waiting = [job for job in waiting if job not in batch]
    assert len(queue) == 0 and batches <= len(jobs)
    queue.put([prompt_job(1000)])  # no token counts any more


def test_a_closed_queue_fails_waiting_jobs_and_refuses_new_ones() -> None:
    queue = JobQueue(9, 99)
    running, waiting = prompt_job(1), prompt_job(1)
    queue.put([running])
    assert queue.take(LIMITS) == [running]
    queue.put([waiting])
    queue.close()
    with pytest.raises(EngineUnavailable):
        waiting.future.result(0)
    assert not running.future.done()
    assert queue.take(LIMITS) == [] and len(queue) == 0
    with pytest.raises(EngineUnavailable):
        queue.put([prompt_job(1)])


def test_all_jobs_can_be_failed_at_once_and_new_ones_accepted() -> None:
    queue = JobQueue(9, 99)
    done, running, waiting, later = (prompt_job(1) for _ in range(4))
    queue.put([done])
    queue.take(LIMITS)
    done.fail(ValueError("own error"))
    queue.put([running])
    queue.take(LIMITS)
    queue.put([waiting])
    queue.fail_all()
    for job in (running, waiting):
        assert isinstance(job.future.exception(0), EngineUnavailable)
    assert isinstance(done.future.exception(0), ValueError)
    queue.put([later])
    assert queue.take(LIMITS) == [later]


@pytest.mark.parametrize("wake", ["put", "close"])
def test_a_waiting_thread_wakes_at_once(wake: str) -> None:
    queue = JobQueue(9, 99)
    thread = threading.Timer(
        0.05, (lambda: queue.put([prompt_job(1)])) if wake == "put" else queue.close
    )
    thread.start()
    started = time.perf_counter()
    queue.wait(30.0, lambda: LIMITS)
    assert time.perf_counter() - started < 10
    assert len(queue) == (wake == "put")
    thread.join()


def test_a_thread_waits_no_longer_than_needed() -> None:
    queue = JobQueue(9, 99)
    queue.wait(0.01, lambda: LIMITS)
    queue.put([prompt_job(1)])
    started = time.perf_counter()
    queue.wait(30.0, lambda: LIMITS)
    assert time.perf_counter() - started < 10


def test_notify_wakes_a_thread_whose_limits_changed() -> None:
    queue, left = JobQueue(9, 99), [LIMITS._replace(prompts=0)]
    queue.put([prompt_job(1)])
    queue.wait(0.01, lambda: left[0])

    def raise_limits() -> None:
        left[0] = LIMITS
        queue.notify()

    thread = threading.Timer(0.05, raise_limits)
    thread.start()
    started = time.perf_counter()
    queue.wait(30.0, lambda: left[0])
    assert time.perf_counter() - started < 10
    thread.join()


def test_new_jobs_wake_all_waiting_threads() -> None:
    queue = JobQueue(9, 99)
    taken: list[int] = []

    def lane() -> None:
        queue.wait(30.0, lambda: LIMITS)
        taken.append(len(queue.take(LIMITS._replace(prompts=1))))

    lanes = [threading.Thread(target=lane) for _ in range(2)]
    for thread in lanes:
        thread.start()
    started = time.perf_counter()
    queue.put([prompt_job(1), prompt_job(1)])
    for thread in lanes:
        thread.join(20)
    assert taken == [1, 1] and time.perf_counter() - started < 10
