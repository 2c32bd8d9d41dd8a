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


def test_a_job_is_completed_once() -> None:
    job = job_of()
    job.complete(ANSWER)
    job.complete(Answer((), 1.0))
    job.fail(EngineUnavailable("too late"))
    assert job.future.result(0) is ANSWER


def test_a_failed_job_stays_failed() -> None:
    job = job_of()
    job.fail(EngineUnavailable("stuck"))
    job.complete(ANSWER)
    with pytest.raises(EngineUnavailable):
        job.future.result(0)


def test_a_cancelled_job_stays_cancelled() -> None:
    job = job_of()
    assert job.future.cancel()
    job.complete(ANSWER)
    job.fail(EngineUnavailable("stuck"))
    assert job.future.cancelled()


def test_a_job_is_dropped_for_a_reason() -> None:
    now = time.monotonic()
    wanted, cancelled, failed, late = (job_of(now + 5) for _ in range(4))
    cancelled.future.cancel()
    failed.fail(EngineUnavailable("stuck"))
    assert wanted.drop_reason(now) is None
    assert cancelled.drop_reason(now) is Dropped.CANCELLED
    assert failed.drop_reason(now) is Dropped.ABANDONED
    assert late.drop_reason(now + 5) is Dropped.EXPIRED
    with pytest.raises(DeadlineExceeded):
        late.future.result(0)


def test_a_job_cancelled_at_its_deadline_has_expired() -> None:
    now = time.monotonic()
    job = job_of(now)
    job.future.cancel()
    assert job.drop_reason(now + 1) is Dropped.EXPIRED
