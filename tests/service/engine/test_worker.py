from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.bundle import Bundle
from service.engine.generator import Generator
from service.engine.interface import Answer, Picture
from service.engine.jobs import Dropped, EncodeJob, GenerateJob, Job
from service.engine.prompt_fusion import Fused, Outcome
from service.engine.sampler import BatchDecoder, TargetSequence
from service.engine.scheduler import BatchLimits, JobQueue
from service.engine.watchdog import Heartbeats
from service.engine.worker import Worker
from service.observability.metrics import Metrics
from tasks.errors import DeadlineExceeded
from tests.service.engine.test_generator import SIZE, again, assert_same, pairless
from tests.support.bundle import picture


@dataclass(frozen=True)
class Harness:
    """A worker that the test runs step by step."""

    queue: JobQueue
    generator: Generator
    worker: Worker
    metrics: Metrics

    def put(self, *jobs: Job) -> None:
        self.queue.put(jobs)

    def finish(self) -> None:
        while len(self.queue) or self.worker.ahead or self.generator.busy:
            self.worker.run_once()

    def value(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"umie_{name}", labels) or 0.0


def harness(bundle: Bundle, slots: int = 4, limits: BatchLimits | None = None) -> Harness:
    metrics = Metrics()

    def count(reason: Dropped) -> None:
        metrics.dropped_jobs.labels(reason=reason).inc()

    queue, generator = JobQueue(999, 99_999, count), Generator(bundle, metrics, slots)
    limits = limits or BatchLimits(pictures=2, prompts=slots, tokens=300)
    return Harness(
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
    here = harness(tiny_bundle, slots, BatchLimits(1, slots, tokens))
    jobs = {i: again(pool[i]) for i in order}
    for i, rounds in zip(order, arrivals, strict=True):
        here.put(jobs[i], EncodeJob(Picture(picture(i))))
        for _ in range(rounds):
            here.worker.run_once()
    here.finish()
    for i, job in jobs.items():
        assert_same(job.future.result(0), alone[i])


def test_a_later_job_can_complete_first(
    tiny_bundle: Bundle, pool: list[GenerateJob], alone: list[Answer]
) -> None:
    lengths = [len(answer.ids) for answer in alone]
    long, short = again(pool[int(np.argmax(lengths))]), again(pool[4])
    here = harness(tiny_bundle)
    here.put(long)
    here.worker.run_once()
    here.put(short)
    here.worker.run_once()
    assert short.future.done() and not long.future.done()
    here.finish()
    assert long.future.done()


def test_at_most_one_batch_is_admitted_between_two_steps(
    tiny_bundle: Bundle, pool: list[GenerateJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    admit, step = Generator.admit, Generator.step

    def record_admit(self: Generator, fused: Fused) -> list[Outcome]:
        events.append(f"admit {len(fused.jobs)}")
        return admit(self, fused)

    def record_step(self: Generator) -> list[Outcome]:
        events.append("step")
        return step(self)

    monkeypatch.setattr(Generator, "admit", record_admit)
    monkeypatch.setattr(Generator, "step", record_step)
    here = harness(tiny_bundle, 16, BatchLimits(pictures=1, prompts=2, tokens=1000))
    here.put(*[again(pool[2]) for _ in range(6)])
    for _ in range(3):
        here.worker.run_once()
    assert events == ["admit 2", "step"] * 3


def test_the_decoder_waits_while_prompts_are_fused_and_more_are_queued(
    tiny_bundle: Bundle, pool: list[GenerateJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, fuse = (
        harness(tiny_bundle, 4, BatchLimits(pictures=1, prompts=1, tokens=300)),
        Generator.fuse,
    )
    should_step: list[tuple[int, bool]] = []

    def record_fuse(self: Generator, jobs: list[GenerateJob]) -> tuple[list[Fused], list[Outcome]]:
        should_step.append((len(here.queue), here.worker._should_step()))
        return fuse(self, jobs)

    monkeypatch.setattr(Generator, "fuse", record_fuse)
    here.put(*[again(pool[2]) for _ in range(2)])
    here.finish()
    assert should_step == [(1, False), (0, True)] and here.worker._should_step()


def test_images_are_encoded_while_all_slots_are_in_use(
    tiny_bundle: Bundle, pool: list[GenerateJob]
) -> None:
    here = harness(tiny_bundle, 1)
    running, waiting, image = again(pool[2]), again(pool[3]), EncodeJob(Picture(picture(1)))
    here.put(running)
    here.worker.run_once()
    here.put(waiting, image)
    here.worker.run_once()
    assert image.future.done() and not running.future.done() and not waiting.future.done()
    here.finish()


def test_an_image_that_fails_fails_alone(tiny_bundle: Bundle) -> None:
    here = harness(tiny_bundle)
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
def test_a_dropped_answer_releases_its_slot_at_once(
    tiny_bundle: Bundle, pool: list[GenerateJob], alone: list[Answer], reason: str
) -> None:
    here = harness(tiny_bundle, 1)
    gone, waiting = again(pool[2]), again(pool[0])
    here.put(gone)
    here.worker.run_once()
    assert here.generator.jobs == [gone]
    if reason == "cancelled":
        gone.future.cancel()
    else:
        gone.deadline = time.monotonic()
    here.put(waiting)
    here.worker.run_once()
    assert gone not in here.generator.jobs and here.value("dropped_jobs_total", reason=reason) == 1
    if reason == "expired":
        assert isinstance(gone.future.exception(0), DeadlineExceeded)
    here.finish()
    assert_same(waiting.future.result(0), alone[0])


@pytest.mark.parametrize("reason", ["cancelled", "expired"])
def test_a_dropped_prompt_is_never_fused(
    tiny_bundle: Bundle, pool: list[GenerateJob], reason: str
) -> None:
    here = harness(tiny_bundle)
    gone, kept = again(pool[2]), again(pool[0])
    here.put(gone, kept)
    if reason == "cancelled":
        gone.future.cancel()
    else:
        gone.deadline = time.monotonic()
    here.finish()
    assert kept.future.done() and here.value("batch_size_sum", stage="read") == 1
    assert here.value("dropped_jobs_total", reason=reason) == 1


def test_after_a_failed_step_each_prompt_is_tried_alone(
    tiny_bundle: Bundle,
    pool: list[GenerateJob],
    alone: list[Answer],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    step, batch_sizes = BatchDecoder.step, list[int]()

    def fail_in_batch(self: BatchDecoder) -> list[TargetSequence]:
        batch_sizes.append(self.running)
        if self.running > 1:
            raise MemoryError("too many")
        return step(self)

    monkeypatch.setattr(BatchDecoder, "step", fail_in_batch)
    here = harness(tiny_bundle)
    jobs = [again(pool[i]) for i in (0, 2, 3)]
    gone, late = again(pool[6]), again(pool[4])
    here.put(*jobs, gone)
    here.worker.run_once()
    here.put(late)
    gone.future.cancel()
    here.finish()
    for job, i in zip([*jobs, late], (0, 2, 3, 4), strict=True):
        assert_same(job.future.result(0), alone[i])
    assert batch_sizes[0] == 4 and set(batch_sizes[1:]) == {1}
    assert "a step failed" in caplog.text


def test_prompts_that_fail_alone_fail(
    tiny_bundle: Bundle, pool: list[GenerateJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: BatchDecoder) -> list[TargetSequence]:
        raise MemoryError("too much")

    here = harness(tiny_bundle)
    jobs = [again(pool[i]) for i in (0, 2)]
    here.put(*jobs, pairless(pool[4]))
    with monkeypatch.context() as patch:
        patch.setattr(BatchDecoder, "step", fail)
        here.finish()
    assert [type(job.future.exception(0)) for job in jobs] == [MemoryError] * 2
    assert here.generator.free == 4
    retried = again(pool[0])
    here.put(retried)
    here.finish()
    assert retried.future.exception(0) is None


def test_a_stopped_worker_completes_running_answers(
    tiny_bundle: Bundle, pool: list[GenerateJob]
) -> None:
    here = harness(tiny_bundle, 1)
    running, waiting = again(pool[2]), again(pool[3])
    here.put(running, waiting)
    here.worker.run_once()
    here.worker.stop()
    here.worker.run_encoder(0)
    here.worker.run_decoder()
    assert running.future.done() and not waiting.future.done()
