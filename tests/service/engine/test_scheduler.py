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

ROOM = BatchLimits(pictures=9, prompts=9, tokens=1000)


def read_job(tokens: int, deadline: float = float("inf")) -> GenerateJob:
    source = Source("", (0,) * tokens, (0,) * tokens, ())
    return GenerateJob(Prompt(source, form.ENTITIES), None, deadline=deadline)


def see_job() -> EncodeJob:
    return EncodeJob(Picture(np.zeros((3, 4, 4), dtype=np.float32)))


def test_the_queue_is_bounded_in_items() -> None:
    queue = JobQueue(3, 1000)
    queue.put([read_job(1), see_job()])
    with pytest.raises(QueueFull, match="3 prompts and pictures"):
        queue.put([read_job(1), read_job(1)])
    assert len(queue) == 2
    queue.put([read_job(1)])
    queue.take(ROOM._replace(prompts=1))
    queue.put([read_job(1)])


def test_the_queue_is_bounded_in_tokens() -> None:
    queue = JobQueue(100, 50)
    queue.put([read_job(30)])
    with pytest.raises(QueueFull, match="50 tokens"):
        queue.put([read_job(21)])
    queue.put([read_job(20), see_job()])
    assert sum(job.tokens for job in queue.take(ROOM)) == 50
    queue.put([read_job(50)])


def test_what_nobody_waits_for_gives_way() -> None:
    dropped: list[Dropped] = []
    queue = JobQueue(3, 60, dropped.append)
    gone, late, kept = read_job(40), read_job(10, time.monotonic() - 1), read_job(10)
    queue.put([gone, late, kept])
    gone.future.cancel()
    latest = read_job(40)
    queue.put([latest])
    assert queue.take(ROOM) == [kept, latest]
    assert dropped == [Dropped.CANCELLED, Dropped.EXPIRED]
    with pytest.raises(DeadlineExceeded):
        late.future.result(0)


def test_what_nobody_waits_for_is_never_handed_out() -> None:
    dropped: list[Dropped] = []
    queue = JobQueue(9, 99, dropped.append)
    jobs = [read_job(1) for _ in range(3)]
    queue.put(jobs)
    jobs[0].future.cancel()
    jobs[2].future.cancel()
    assert queue.take(ROOM) == [jobs[1]]
    assert len(queue) == 0 and dropped == [Dropped.CANCELLED] * 2


def test_pictures_and_prompts_are_never_in_one_batch() -> None:
    queue = JobQueue(9, 99)
    first, picture, second, other = read_job(1), see_job(), read_job(1), see_job()
    queue.put([first, picture, second, other])
    assert queue.take(ROOM) == [first, second]
    assert queue.take(ROOM) == [picture, other]


def test_pictures_do_not_wait_for_prompts_that_find_no_slot() -> None:
    queue = JobQueue(9, 99)
    prompt, picture = read_job(1), see_job()
    queue.put([prompt, picture])
    assert queue.take(ROOM._replace(prompts=0)) == [picture]
    assert queue.take(ROOM._replace(prompts=0)) == []
    assert queue.take(ROOM) == [prompt]


def test_a_batch_is_bounded_in_padded_tokens() -> None:
    queue = JobQueue(9, 999)
    short, long, other = read_job(10), read_job(60), read_job(10)
    queue.put([short, long, other])
    assert queue.take(ROOM._replace(tokens=100)) == [short, other]
    # alone it is taken however long it is
    assert queue.take(ROOM._replace(tokens=50)) == [long]


def test_prompts_of_like_length_go_together() -> None:
    queue = JobQueue(99, 9999)
    jobs = [read_job(tokens) for tokens in (30, 200, 35, 90, 28, 190, 31)]
    queue.put(jobs)
    limits = ROOM._replace(prompts=3)
    taken = [[job.tokens for job in queue.take(limits)] for _ in range(3)]
    assert taken == [[30, 31, 28], [200, 190, 90], [35]]


@given(
    sizes=st.lists(st.integers(0, 20), max_size=30),
    prompts=st.integers(1, 5),
    tokens=st.integers(1, 60),
)
def test_everything_is_handed_out_once_and_the_oldest_first(
    sizes: list[int], prompts: int, tokens: int
) -> None:
    queue = JobQueue(100, 1000)
    jobs: list[Job] = [read_job(size) if size else see_job() for size in sizes]
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
    queue.put([read_job(1000)])  # every token was given back


def test_a_closed_queue_fails_what_waits_and_takes_nothing() -> None:
    queue = JobQueue(9, 99)
    running, waiting = read_job(1), read_job(1)
    queue.put([running])
    assert queue.take(ROOM) == [running]
    queue.put([waiting])
    queue.close()
    with pytest.raises(EngineUnavailable):
        waiting.future.result(0)
    assert not running.future.done()
    assert queue.take(ROOM) == [] and len(queue) == 0
    with pytest.raises(EngineUnavailable):
        queue.put([read_job(1)])


def test_all_can_be_failed_at_once_and_others_may_come() -> None:
    queue = JobQueue(9, 99)
    done, running, waiting, later = (read_job(1) for _ in range(4))
    queue.put([done])
    queue.take(ROOM)
    done.fail(ValueError("its own"))
    queue.put([running])
    queue.take(ROOM)
    queue.put([waiting])
    queue.abandon()
    for job in (running, waiting):
        assert isinstance(job.future.exception(0), EngineUnavailable)
    assert isinstance(done.future.exception(0), ValueError)
    queue.put([later])
    assert queue.take(ROOM) == [later]


@pytest.mark.parametrize("wake", ["put", "close"])
def test_whoever_waits_is_woken_at_once(wake: str) -> None:
    queue = JobQueue(9, 99)
    thread = threading.Timer(
        0.05, (lambda: queue.put([read_job(1)])) if wake == "put" else queue.close
    )
    thread.start()
    started = time.perf_counter()
    queue.wait(30.0, lambda: ROOM)
    assert time.perf_counter() - started < 10
    assert len(queue) == (wake == "put")
    thread.join()


def test_nobody_waits_longer_than_told_nor_where_there_is_something() -> None:
    queue = JobQueue(9, 99)
    queue.wait(0.01, lambda: ROOM)
    queue.put([read_job(1)])
    started = time.perf_counter()
    queue.wait(30.0, lambda: ROOM)
    assert time.perf_counter() - started < 10


def test_who_waits_for_room_is_woken_by_a_nudge() -> None:
    queue, left = JobQueue(9, 99), [ROOM._replace(prompts=0)]
    queue.put([read_job(1)])
    queue.wait(0.01, lambda: left[0])

    def make_room() -> None:
        left[0] = ROOM
        queue.nudge()

    thread = threading.Timer(0.05, make_room)
    thread.start()
    started = time.perf_counter()
    queue.wait(30.0, lambda: left[0])
    assert time.perf_counter() - started < 10
    thread.join()


def test_everybody_who_waits_hears_of_new_work() -> None:
    queue = JobQueue(9, 99)
    taken: list[int] = []

    def lane() -> None:
        queue.wait(30.0, lambda: ROOM)
        taken.append(len(queue.take(ROOM._replace(prompts=1))))

    lanes = [threading.Thread(target=lane) for _ in range(2)]
    for thread in lanes:
        thread.start()
    started = time.perf_counter()
    queue.put([read_job(1), read_job(1)])
    for thread in lanes:
        thread.join(20)
    assert taken == [1, 1] and time.perf_counter() - started < 10
