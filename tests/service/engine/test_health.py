from __future__ import annotations

import threading

from service.engine.health import MAX_FAILURES, Health, Prober, Stage
from tasks.errors import DeadlineExceeded


def fail(health: Health, stage: Stage, times: int) -> None:
    for _ in range(times):
        health.failed(stage, RuntimeError("device-side assert"))


def test_failures_are_counted_by_stage() -> None:
    health = Health()
    for _ in range(5):
        fail(health, Stage.ANSWER, MAX_FAILURES - 1)
        health.succeeded(Stage.ANSWER)
    assert health.failing is None
    fail(health, Stage.VISUAL, MAX_FAILURES - 1)
    health.succeeded(Stage.ANSWER)
    fail(health, Stage.VISUAL, 1)
    assert health.failing is Stage.VISUAL


def test_errors_of_the_project_do_not_count() -> None:
    health = Health()
    for _ in range(9):
        health.failed(Stage.ANSWER, DeadlineExceeded("too late"))
    assert health.failing is None


def test_a_stage_fails_until_a_probe_succeeds() -> None:
    health = Health()
    fail(health, Stage.ANSWER, MAX_FAILURES)
    health.succeeded(Stage.ANSWER)
    assert health.failing is Stage.ANSWER
    health.recover()
    assert health.failing is None
    fail(health, Stage.ANSWER, MAX_FAILURES - 1)
    assert health.failing is None


def test_a_failure_starts_a_probe_at_once() -> None:
    health, probed = Health(), threading.Event()
    prober = Prober(health, probed.set)
    prober.start()
    assert not probed.is_set()
    fail(health, Stage.VISUAL, MAX_FAILURES)
    assert probed.wait(30)
    prober.stop()
