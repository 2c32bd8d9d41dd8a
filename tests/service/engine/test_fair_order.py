"""Requests take turns: a short one never waits behind the passages of a long one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.fair_order import QUANTUM_TOKENS
from service.engine.jobs import GenerateJob, Job
from service.engine.prompt_fusion import Fused, Outcome
from service.engine.scheduler import BatchLimits, JobQueue
from service.engine.watchdog import Heartbeats
from service.engine.worker import Worker
from service.observability.metrics import Metrics
from tasks.errors import QueueFull
from tests.service.engine.test_scheduler import image_job, prompt_job

ONE = BatchLimits(pictures=1, prompts=1, tokens=256)


def passages(count: int) -> list[GenerateJob]:
    return [prompt_job(256) for _ in range(count)]


def taken(queue: JobQueue, count: int, limits: BatchLimits = ONE) -> list[Job]:
    return [job for _ in range(count) for job in queue.take(limits)]


def test_one_prompt_overtakes_the_passages_of_a_long_text() -> None:
    queue, long, short = JobQueue(999, 99_999), passages(30), prompt_job(40)
    queue.put(long)
    assert taken(queue, 1) == long[:1]
    queue.put([short])
    assert taken(queue, 2) == [long[1], short]
    assert taken(queue, 28) == long[2:]


def test_a_picture_overtakes_the_passages_of_a_long_text() -> None:
    queue, long, picture = JobQueue(999, 99_999), passages(30), image_job()
    queue.put(long)
    queue.put([picture])
    assert taken(queue, 3) == [*long[:2], picture]


def test_a_short_request_waits_for_one_quantum_of_each_long_one_at_most() -> None:
    queue, short = JobQueue(999, 99_999), prompt_job(40)
    for _ in range(5):
        queue.put(passages(30))
    served = taken(queue, 7)
    queue.put([short])
    ahead = taken(queue, 50)[: 5 * QUANTUM_TOKENS // 256]
    assert len(served) == 7 and short in ahead


def test_jobs_of_one_source_stay_together_for_longer() -> None:
    queue, short = JobQueue(999, 99_999), prompt_job(40)
    prompt = prompt_job(256).prompt
    shared = [GenerateJob(prompt, None) for _ in range(12)]
    queue.put(shared)
    taken(queue, 1)
    queue.put([short])
    assert taken(queue, 12).index(short) == 8


def test_short_requests_are_served_in_the_order_of_arrival() -> None:
    queue = JobQueue(999, 99_999)
    requests = [[prompt_job(50), prompt_job(60)] for _ in range(4)]
    for request in requests:
        queue.put(request)
    assert taken(queue, 8) == [job for request in requests for job in request]


def test_a_long_request_leaves_slots_and_a_short_one_takes_them() -> None:
    queue, long, short = JobQueue(999, 99_999), passages(30), prompt_job(40)
    queue.put(long)
    taken(queue, 2)
    tight = BatchLimits(pictures=1, prompts=4, tokens=9999, reserved=4)
    assert queue.take(tight) == []
    only_deferred = [queue.only_deferred]
    queue.put([short])
    assert [*only_deferred, queue.only_deferred] == [True, False]
    assert queue.take(tight) == [short]
    assert queue.take(tight._replace(prompts=6)) == long[2:4]


def test_long_requests_leave_room_in_the_queue() -> None:
    queue = JobQueue(100, 99_999)
    queue.put(passages(70))
    with pytest.raises(QueueFull, match="75 prompts"):
        queue.put(passages(10))
    for _ in range(30):
        queue.put([prompt_job(40)])
    with pytest.raises(QueueFull, match="100 prompts"):
        queue.put([prompt_job(40)])


def test_a_long_request_that_is_alone_may_fill_the_queue() -> None:
    queue = JobQueue(10, 99_999)
    queue.put(passages(10))
    assert len(queue) == 10


@pytest.mark.parametrize(
    ("running", "waiting", "steps"),
    [("short", "long", True), ("short", "short", False), ("long", "long", False)],
)
def test_a_short_answer_does_not_wait_for_passages_to_be_fused(
    running: str, waiting: str, steps: bool
) -> None:
    def jobs_of(kind: str) -> list[GenerateJob]:
        """A short request's job, or one of a long request that is not its first."""
        jobs = passages(3) if kind == "long" else [prompt_job(40)]
        JobQueue(99, 9999).put(jobs)
        return jobs[-1:]

    queue, should_step = JobQueue(99, 9999), list[bool]()
    generator: Any = SimpleNamespace(free=9, jobs=jobs_of(running), fuse=lambda jobs: note())
    bundle: Any = None
    worker = Worker(bundle, queue, generator, ONE, Heartbeats(60.0), Metrics())

    def note() -> tuple[list[Fused], list[Outcome]]:
        queue.put(passages(3) if waiting == "long" else [prompt_job(40)])
        if waiting == "long":
            taken(queue, 2)
        should_step.append(worker._should_step())
        return [], []

    worker.encode([prompt_job(40)])
    assert should_step == [steps]


@given(
    requests=st.lists(st.lists(st.integers(0, 300), min_size=1, max_size=12), max_size=8),
    pauses=st.lists(st.integers(0, 6), min_size=8, max_size=8),
)
def test_no_request_is_more_than_a_quantum_ahead_of_one_that_waits(
    requests: list[list[int]], pauses: list[int]
) -> None:
    queue, owner, served = JobQueue(999, 99_999), dict[int, int](), [0] * len(requests)
    waiting: list[list[Job]] = []
    arrived: list[list[int]] = []
    for number, sizes in enumerate(requests):
        jobs: list[Job] = [prompt_job(size) if size else image_job() for size in sizes]
        owner.update({id(job): number for job in jobs})
        waiting.append(jobs)
        arrived.append(list(served))
        queue.put(jobs)
        for job in taken(queue, pauses[number]):
            _serve(job, owner, served, waiting)
    while len(queue):
        for job in taken(queue, 1):
            _serve(job, owner, served, waiting)
            for other, start in enumerate(arrived):
                mine = served[owner[id(job)]] - start[owner[id(job)]] if start else 0
                if waiting[other] and owner[id(job)] < len(start):
                    assert mine <= served[other] + 2 * QUANTUM_TOKENS + 300
    assert not any(waiting)


def _serve(job: Job, owner: dict[int, int], served: list[int], waiting: list[list[Job]]) -> None:
    number = owner[id(job)]
    served[number] += job.tokens
    waiting[number].remove(job)
