from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.bundle import Bundle
from service.engine.contract import Answer, Picture
from service.engine.jobs import Dropped, Job, ReadJob, SeeJob
from service.engine.reading import Fused, Outcome, Reader
from service.engine.scheduler import JobQueue, Room
from service.engine.speaker import Speaker, Voice
from service.engine.supervisor import Hearts
from service.engine.worker import Worker
from service.metrics import Metrics
from tasks.errors import DeadlineExceeded
from tests.service.engine.test_reading import SIZE, again, assert_same, pairless
from tests.support.bundle import picture


@dataclass(frozen=True)
class Shop:
    """A worker whose turns are taken by hand."""

    queue: JobQueue
    reader: Reader
    worker: Worker
    metrics: Metrics

    def put(self, *jobs: Job) -> None:
        self.queue.put(jobs)

    def finish(self) -> None:
        while len(self.queue) or self.worker.ahead or self.reader.busy:
            self.worker.turn()

    def value(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"umie_{name}", labels) or 0.0


def shop(bundle: Bundle, slots: int = 4, room: Room | None = None) -> Shop:
    metrics = Metrics()

    def count(reason: Dropped) -> None:
        metrics.dropped_jobs.labels(reason=reason).inc()

    queue, reader = JobQueue(999, 99_999, count), Reader(bundle, metrics, slots)
    room = room or Room(pictures=2, prompts=slots, tokens=300)
    return Shop(queue, reader, Worker(bundle, queue, reader, room, Hearts(60.0), metrics), metrics)


@given(
    order=st.permutations(range(SIZE)),
    arrivals=st.lists(st.integers(0, 3), min_size=SIZE, max_size=SIZE),
    slots=st.integers(1, 4),
    tokens=st.integers(50, 400),
)
@settings(max_examples=6)
def test_answers_are_the_same_under_any_load(
    tiny_bundle: Bundle,
    pool: list[ReadJob],
    alone: list[Answer],
    order: list[int],
    arrivals: list[int],
    slots: int,
    tokens: int,
) -> None:
    here = shop(tiny_bundle, slots, Room(1, slots, tokens))
    jobs = {i: again(pool[i]) for i in order}
    for i, turns in zip(order, arrivals, strict=True):
        here.put(jobs[i], SeeJob(Picture(picture(i))))
        for _ in range(turns):
            here.worker.turn()
    here.finish()
    for i, job in jobs.items():
        assert_same(job.future.result(0), alone[i])


def test_who_comes_later_may_be_ready_sooner(
    tiny_bundle: Bundle, pool: list[ReadJob], alone: list[Answer]
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
    tiny_bundle: Bundle, pool: list[ReadJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    admit, step = Reader.admit, Reader.step

    def noted_admit(self: Reader, fused: Fused) -> list[Outcome]:
        events.append(f"begin {len(fused.jobs)}")
        return admit(self, fused)

    def noted_step(self: Reader) -> list[Outcome]:
        events.append("step")
        return step(self)

    monkeypatch.setattr(Reader, "admit", noted_admit)
    monkeypatch.setattr(Reader, "step", noted_step)
    here = shop(tiny_bundle, 16, Room(pictures=1, prompts=2, tokens=1000))
    here.put(*[again(pool[2]) for _ in range(6)])
    for _ in range(3):
        here.worker.turn()
    assert events == ["begin 2", "step"] * 3


def test_while_more_is_fused_and_waits_answers_go_on_together(
    tiny_bundle: Bundle, pool: list[ReadJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, fuse = shop(tiny_bundle, 4, Room(pictures=1, prompts=1, tokens=300)), Reader.fuse
    worth: list[tuple[int, bool]] = []

    def noted(self: Reader, jobs: list[ReadJob]) -> tuple[list[Fused], list[Outcome]]:
        worth.append((len(here.queue), here.worker._worth_a_step()))
        return fuse(self, jobs)

    monkeypatch.setattr(Reader, "fuse", noted)
    here.put(*[again(pool[2]) for _ in range(2)])
    here.finish()
    assert worth == [(1, False), (0, True)] and here.worker._worth_a_step()


def test_pictures_are_seen_while_all_slots_are_in_use(
    tiny_bundle: Bundle, pool: list[ReadJob]
) -> None:
    here = shop(tiny_bundle, 1)
    running, waiting, look = again(pool[2]), again(pool[3]), SeeJob(Picture(picture(1)))
    here.put(running)
    here.worker.turn()
    here.put(waiting, look)
    here.worker.turn()
    assert look.future.done() and not running.future.done() and not waiting.future.done()
    here.finish()


def test_a_picture_that_fails_fails_alone(tiny_bundle: Bundle) -> None:
    here = shop(tiny_bundle)
    good, bad = SeeJob(Picture(picture(1))), SeeJob(Picture(np.zeros((3, 8, 8), dtype=np.float32)))
    here.put(good, bad)
    here.finish()
    seen, timing = good.future.result(0)
    assert len(seen.scores) and timing.keys() == {"queue", "visual"}
    assert isinstance(bad.future.exception(0), Exception)


@pytest.mark.parametrize("reason", ["cancelled", "expired"])
def test_an_answer_that_nobody_waits_for_leaves_its_slot_at_once(
    tiny_bundle: Bundle, pool: list[ReadJob], alone: list[Answer], reason: str
) -> None:
    here = shop(tiny_bundle, 1)
    gone, waiting = again(pool[2]), again(pool[0])
    here.put(gone)
    here.worker.turn()
    assert here.reader.jobs == [gone]
    if reason == "cancelled":
        gone.future.cancel()
    else:
        gone.deadline = time.monotonic()
    here.put(waiting)
    here.worker.turn()
    assert gone not in here.reader.jobs and here.value("dropped_jobs_total", reason=reason) == 1
    if reason == "expired":
        assert isinstance(gone.future.exception(0), DeadlineExceeded)
    here.finish()
    assert_same(waiting.future.result(0), alone[0])


@pytest.mark.parametrize("reason", ["cancelled", "expired"])
def test_a_prompt_that_nobody_waits_for_is_never_fused(
    tiny_bundle: Bundle, pool: list[ReadJob], reason: str
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
    pool: list[ReadJob],
    alone: list[Answer],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    step, crowds = Speaker.step, list[int]()

    def fail_in_company(self: Speaker) -> list[Voice]:
        crowds.append(self.speaking)
        if self.speaking > 1:
            raise MemoryError("too many")
        return step(self)

    monkeypatch.setattr(Speaker, "step", fail_in_company)
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
    tiny_bundle: Bundle, pool: list[ReadJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Speaker) -> list[Voice]:
        raise MemoryError("too much")

    here = shop(tiny_bundle)
    jobs = [again(pool[i]) for i in (0, 2)]
    here.put(*jobs, pairless(pool[4]))
    with monkeypatch.context() as patch:
        patch.setattr(Speaker, "step", fail)
        here.finish()
    assert [type(job.future.exception(0)) for job in jobs] == [MemoryError] * 2
    assert here.reader.free == 4
    again_asked = again(pool[0])
    here.put(again_asked)
    here.finish()
    assert again_asked.future.exception(0) is None


def test_a_worker_that_is_told_to_stop_ends_what_it_began(
    tiny_bundle: Bundle, pool: list[ReadJob]
) -> None:
    here = shop(tiny_bundle, 1)
    running, waiting = again(pool[2]), again(pool[3])
    here.put(running, waiting)
    here.worker.turn()
    here.worker.stop()
    here.worker.perceive_on(0)
    here.worker.write_on()
    assert running.future.done() and not waiting.future.done()
