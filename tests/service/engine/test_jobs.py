from __future__ import annotations

import time

import pytest

from service.engine.interface import Answer, Prompt
from service.engine.jobs import Dropped, GenerateJob
from tasks import form
from tasks.errors import DeadlineExceeded, EngineUnavailable
from tasks.source import Source

ANSWER = Answer((), 0.0)


def job_of(deadline: float = float("inf")) -> GenerateJob:
    return GenerateJob(
        Prompt(Source("", (0,) * 3, (0,) * 3, ()), form.ENTITIES), None, deadline=deadline
    )


def test_a_job_is_settled_once() -> None:
    job = job_of()
    job.settle(ANSWER)
    job.settle(Answer((), 1.0))
    job.fail(EngineUnavailable("too late"))
    assert job.future.result(0) is ANSWER


def test_a_failed_job_stays_failed() -> None:
    job = job_of()
    job.fail(EngineUnavailable("stuck"))
    job.settle(ANSWER)
    with pytest.raises(EngineUnavailable):
        job.future.result(0)


def test_nobody_is_told_of_a_job_that_was_cancelled() -> None:
    job = job_of()
    assert job.future.cancel()
    job.settle(ANSWER)
    job.fail(EngineUnavailable("stuck"))
    assert job.future.cancelled()


def test_a_job_lapses_for_a_reason() -> None:
    now = time.monotonic()
    waited_for, cancelled, failed, late = (job_of(now + 5) for _ in range(4))
    cancelled.future.cancel()
    failed.fail(EngineUnavailable("stuck"))
    assert waited_for.lapsed(now) is None
    assert cancelled.lapsed(now) is Dropped.CANCELLED
    assert failed.lapsed(now) is Dropped.ABANDONED
    assert late.lapsed(now + 5) is Dropped.EXPIRED
    with pytest.raises(DeadlineExceeded):
        late.future.result(0)


def test_who_cancels_at_the_deadline_is_late() -> None:
    now = time.monotonic()
    job = job_of(now)
    job.future.cancel()
    assert job.lapsed(now + 1) is Dropped.EXPIRED
