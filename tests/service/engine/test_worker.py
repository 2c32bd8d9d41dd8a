from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.bundle import Bundle
from service.engine.generator import Fused, Generator, Outcome
from service.engine.interface import Answer, Picture
from service.engine.jobs import Dropped, EncodeJob, GenerateJob, Job
from service.engine.sampler import BatchDecoder, TargetSequence
from service.engine.scheduler import BatchLimits, JobQueue
from service.engine.watchdog import Heartbeats
from service.engine.worker import Worker
from service.observability.metrics import Metrics
from tasks.errors import DeadlineExceeded
from tests.service.engine.test_generator import SIZE, again, assert_same, pairless
from tests.support.bundle import picture


@dataclass(frozen=True)
class Shop:
    """A worker whose turns are taken by hand."""

    queue: JobQueue
    generator: Generator
    worker: Worker
    metrics: Metrics

    def put(self, *jobs: Job) -> None:
        self.queue.put(jobs)

    def finish(self) -> None:
        while len(self.queue) or self.worker.ahead or self.generator.busy:
            self.worker.turn()

    def value(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"umie_{name}", labels) or 0.0


def shop(bundle: Bundle, slots: int = 4, limits: BatchLimits | None = None) -> Shop:
    metrics = Metrics()

    def count(reason: Dropped) -> None:
        metrics.dropped_jobs.labels(reason=reason).inc()

    queue, generator = JobQueue(999, 99_999, count), Generator(bundle, metrics, slots)
    limits = limits or BatchLimits(pictures=2, prompts=slots, tokens=300)
    return Shop(
        queue,
        generator,
        Worker(bundle, queue, generator, limits, Heartbeats(60.0), metrics),
        metrics,
    )


@given(
    order=st.permutations(range(SIZE)),
    arrivals=st.lists(st.integers(0, 3), min_size=SIZE, max_size=SIZE),
    slots=st.integers(1, 4),
    tokens=st.integers(50, 400),
)
@settings(max_examples=6)
def test_answers_are_the_same_under_any_load(
    tiny_bundle: Bundle,
    pool: list[GenerateJob],
    alone: list[Answer],
    order: list[int],
    arrivals: list[int],
    slots: int,
    tokens: int,
) -> None:
    here = shop(tiny_bundle, slots, BatchLimits(1, slots, tokens))
    jobs = {i: again(pool[i]) for i in order}
    for i, turns in zip(order, arrivals, strict=True):
        here.put(jobs[i], EncodeJob(Picture(picture(i))))
        for _ in range(turns):
            here.worker.turn()
    here.finish()
    for i, job in jobs.items():
        assert_same(job.future.result(0), alone[i])


def test_who_comes_later_may_be_ready_sooner(
    tiny_bundle: Bundle, pool: list[GenerateJob], alone: list[Answer]
) -> None:
    lengths = [len(answer.ids) for answer in alone]
    long, short = again(pool[int(np.argmax(lengths))]), again(pool[4])
    here = shop(tiny_bundle)
    here.put(long)
    here.worker.turn()
    here.put(short)
    here.worker.turn()
    assert short.future.done() and not long.future.done()
    here.finish()
    assert long.future.done()


def test_new_work_holds_up_the_running_by_one_batch_at_a_time(
    tiny_bundle: Bundle, pool: list[GenerateJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    admit, step = Generator.admit, Generator.step

    def noted_admit(self: Generator, fused: Fused) -> list[Outcome]:
        events.append(f"begin {len(fused.jobs)}")
        return admit(self, fused)

    def noted_step(self: Generator) -> list[Outcome]:
        events.append("step")
        return step(self)

    monkeypatch.setattr(Generator, "admit", noted_admit)
    monkeypatch.setattr(Generator, "step", noted_step)
    here = shop(tiny_bundle, 16, BatchLimits(pictures=1, prompts=2, tokens=1000))
    here.put(*[again(pool[2]) for _ in range(6)])
    for _ in range(3):
        here.worker.turn()
    assert events == ["begin 2", "step"] * 3


def test_while_more_is_fused_and_waits_answers_go_on_together(
    tiny_bundle: Bundle, pool: list[GenerateJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, fuse = (
        shop(tiny_bundle, 4, BatchLimits(pictures=1, prompts=1, tokens=300)),
        Generator.fuse,
    )
    worth: list[tuple[int, bool]] = []

    def noted(self: Generator, jobs: list[GenerateJob]) -> tuple[list[Fused], list[Outcome]]:
        worth.append((len(here.queue), here.worker._worth_a_step()))
        return fuse(self, jobs)

    monkeypatch.setattr(Generator, "fuse", noted)
    here.put(*[again(pool[2]) for _ in range(2)])
    here.finish()
    assert worth == [(1, False), (0, True)] and here.worker._worth_a_step()


def test_pictures_are_seen_while_all_slots_are_in_use(
    tiny_bundle: Bundle, pool: list[GenerateJob]
) -> None:
    here = shop(tiny_bundle, 1)
    running, waiting, look = again(pool[2]), again(pool[3]), EncodeJob(Picture(picture(1)))
    here.put(running)
    here.worker.turn()
    here.put(waiting, look)
    here.worker.turn()
    assert look.future.done() and not running.future.done() and not waiting.future.done()
    here.finish()


def test_a_picture_that_fails_fails_alone(tiny_bundle: Bundle) -> None:
    here = shop(tiny_bundle)
    good, bad = (
        EncodeJob(Picture(picture(1))),
        EncodeJob(Picture(np.zeros((3, 8, 8), dtype=np.float32))),
    )
    here.put(good, bad)
    here.finish()
    visual, timing = good.future.result(0)
    assert len(visual.scores) and timing.keys() == {"queue", "visual"}
    assert isinstance(bad.future.exception(0), Exception)


@pytest.mark.parametrize("reason", ["cancelled", "expired"])
def test_an_answer_that_nobody_waits_for_leaves_its_slot_at_once(
    tiny_bundle: Bundle, pool: list[GenerateJob], alone: list[Answer], reason: str
) -> None:
    here = shop(tiny_bundle, 1)
    gone, waiting = again(pool[2]), again(pool[0])
    here.put(gone)
    here.worker.turn()
    assert here.generator.jobs == [gone]
    if reason == "cancelled":
        gone.future.cancel()
    else:
        gone.deadline = time.monotonic()
    here.put(waiting)
    here.worker.turn()
    assert gone not in here.generator.jobs and here.value("dropped_jobs_total", reason=reason) == 1
    if reason == "expired":
        assert isinstance(gone.future.exception(0), DeadlineExceeded)
    here.finish()
    assert_same(waiting.future.result(0), alone[0])


@pytest.mark.parametrize("reason", ["cancelled", "expired"])
def test_a_prompt_that_nobody_waits_for_is_never_fused(
    tiny_bundle: Bundle, pool: list[GenerateJob], reason: str
) -> None:
    here = shop(tiny_bundle)
    gone, kept = again(pool[2]), again(pool[0])
    here.put(gone, kept)
    if reason == "cancelled":
        gone.future.cancel()
    else:
        gone.deadline = time.monotonic()
    here.finish()
    assert kept.future.done() and here.value("batch_size_sum", stage="read") == 1
    assert here.value("dropped_jobs_total", reason=reason) == 1


def test_where_a_step_fails_everybody_is_tried_alone(
    tiny_bundle: Bundle,
    pool: list[GenerateJob],
    alone: list[Answer],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    step, crowds = BatchDecoder.step, list[int]()

    def fail_in_company(self: BatchDecoder) -> list[TargetSequence]:
        crowds.append(self.running)
        if self.running > 1:
            raise MemoryError("too many")
        return step(self)

    monkeypatch.setattr(BatchDecoder, "step", fail_in_company)
    here = shop(tiny_bundle)
    jobs = [again(pool[i]) for i in (0, 2, 3)]
    gone, late = again(pool[6]), again(pool[4])
    here.put(*jobs, gone)
    here.worker.turn()
    here.put(late)
    gone.future.cancel()
    here.finish()
    for job, i in zip([*jobs, late], (0, 2, 3, 4), strict=True):
        assert_same(job.future.result(0), alone[i])
    assert crowds[0] == 4 and set(crowds[1:]) == {1}
    assert "a step failed" in caplog.text


def test_who_fails_alone_fails(
    tiny_bundle: Bundle, pool: list[GenerateJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: BatchDecoder) -> list[TargetSequence]:
        raise MemoryError("too much")

    here = shop(tiny_bundle)
    jobs = [again(pool[i]) for i in (0, 2)]
    here.put(*jobs, pairless(pool[4]))
    with monkeypatch.context() as patch:
        patch.setattr(BatchDecoder, "step", fail)
        here.finish()
    assert [type(job.future.exception(0)) for job in jobs] == [MemoryError] * 2
    assert here.generator.free == 4
    again_asked = again(pool[0])
    here.put(again_asked)
    here.finish()
    assert again_asked.future.exception(0) is None


def test_a_worker_that_is_told_to_stop_ends_what_it_began(
    tiny_bundle: Bundle, pool: list[GenerateJob]
) -> None:
    here = shop(tiny_bundle, 1)
    running, waiting = again(pool[2]), again(pool[3])
    here.put(running, waiting)
    here.worker.turn()
    here.worker.stop()
    here.worker.run_encoder(0)
    here.worker.run_decoder()
    assert running.future.done() and not waiting.future.done()
