"""What the engine's threads do, turn by turn."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence

from export.bundle import Bundle
from service.engine.generator import Fused, Generator, Outcome
from service.engine.health import Health, Stage
from service.engine.jobs import EncodeJob, GenerateJob
from service.engine.scheduler import BatchLimits, JobQueue
from service.engine.visual_encoder import see
from service.engine.watchdog import Heartbeats
from service.observability.metrics import Metrics

log = logging.getLogger(__name__)

_LONGEST_IDLE_S = 0.5


class Worker:
    """Begins what waits and lets go on what was begun, each as a thread of its own would.

    `perceive` looks at a few pictures or fuses a few prompts, as many as `limits` and free slots
    allow, in one of several lanes; `write` lets every answer on its way go on by a step. Graphs and
    a step run at once, and no answer waits for the end of another.
    """

    def __init__(
        self,
        bundle: Bundle,
        queue: JobQueue,
        generator: Generator,
        limits: BatchLimits,
        heartbeats: Heartbeats,
        metrics: Metrics,
        health: Health | None = None,
    ) -> None:
        self._health = health or Health()
        self._bundle, self._queue, self._generator = bundle, queue, generator
        self._limits, self._heartbeats, self._metrics = limits, heartbeats, metrics
        self._idle_s = min(_LONGEST_IDLE_S, heartbeats.writing.stuck_s / 4)
        self._fused: deque[Fused] = deque()
        self._fusing = [0] * len(heartbeats.lanes)
        self._taking = [False] * len(heartbeats.lanes)
        self._moved = threading.Condition()
        self._stopping = False

    @property
    def ahead(self) -> int:
        """How many prompts have been taken from the queue and wait for their slots."""
        return sum(self._fusing) + sum(len(fused.jobs) for fused in tuple(self._fused))

    def stop(self) -> None:
        """Begin nothing more, and end when all that is on its way has ended."""
        with self._moved:
            self._stopping = True
            self._moved.notify_all()

    def run_encoder(self, lane: int) -> None:
        """Look and fuse until told to stop."""
        while self._may_take(lane):
            try:
                begun = self.perceive(lane)
            finally:
                self._taking[lane] = False
            if not begun:
                self._queue.wait(self._idle_s, self._room_left)
        with self._moved:
            self._moved.notify_all()

    def run_decoder(self) -> None:
        """Let answers go on until told to stop, and until those on their way have ended."""
        while self._goes_on():
            cause = self._worth_a_step if self.write() else self._anything_new
            with self._moved:
                self._moved.wait_for(cause, self._idle_s)

    def turn(self) -> None:
        """Begin something and let everything go on, one after the other."""
        self.perceive()
        self.write()

    def perceive(self, lane: int = 0) -> bool:
        """Begin what the limits allow; False where that is nothing."""
        self._heartbeats.lanes[lane].beat()
        jobs = self._queue.take(self._room_left())
        now = time.monotonic()
        for job in jobs:
            self._metrics.stage("queue").observe(now - job.since)
        self.begin(jobs, lane)
        return bool(jobs)

    def write(self) -> bool:
        """Let every answer on its way go on by a step; False where there is none."""
        self._heartbeats.writing.beat()
        self._metrics.engine_progress.set_to_current_time()
        self._drop()
        self.admit()
        if not self._generator.busy:
            return False
        self.step()
        return True

    def begin(self, jobs: Sequence[EncodeJob] | Sequence[GenerateJob], lane: int = 0) -> None:
        """Look at pictures, or fuse prompts, which wait for their slots then."""
        if looks := [job for job in jobs if isinstance(job, EncodeJob)]:
            self._look(looks, lane)
        if reads := [job for job in jobs if isinstance(job, GenerateJob)]:
            self._fuse(reads, lane)

    def admit(self) -> None:
        """Put what was fused on its way, as far as there are slots."""
        while self._fused and len(self._fused[0].jobs) <= self._generator.free:
            # not out of sight before it has its slots, or these would be promised twice
            self._settle(self._generator.admit(self._fused[0]))
            self._fused.popleft()

    def step(self) -> None:
        """Let every answer on its way go on."""
        with self._heartbeats.writing.at_work("step", 1):
            outcomes = self._generator.step()
        self._settle(outcomes)
        if outcomes:
            self._queue.nudge()

    def _may_take(self, lane: int) -> bool:
        """Whether a lane may take work; until it has fused that, answers count as being on their
        way.
        """
        with self._moved:
            self._taking[lane] = not self._stopping
            return self._taking[lane]

    def _goes_on(self) -> bool:
        """Whether there is anything to write, or may be yet."""
        with self._moved:
            # lanes first: what one has fused is ahead before it counts as taken no more
            taking = any(self._taking)
            return not self._stopping or taking or bool(self._generator.busy or self.ahead)

    def _anything_new(self) -> bool:
        return bool(self._fused) or self._stopping

    def _worth_a_step(self) -> bool:
        """Whether what is on its way should go on now.

        A step takes little longer for ten answers than for one. So while some are being fused and
        more wait, the cores are the lanes' until these can go on together with the others.
        """
        return self._anything_new() or not (any(self._fusing) and len(self._queue))

    def _room_left(self) -> BatchLimits:
        free = self._generator.free - self.ahead
        return self._limits._replace(prompts=max(0, min(self._limits.prompts, free)))

    def _fuse(self, jobs: Sequence[GenerateJob], lane: int) -> None:
        units = len(jobs) * max(job.tokens for job in jobs)
        self._fusing[lane] = len(jobs)
        try:
            with self._heartbeats.lanes[lane].at_work("fusion", units):
                fused, failed = self._generator.fuse(jobs)
            self._fused.extend(fused)
        finally:
            self._fusing[lane] = 0
        self._settle(failed)
        with self._moved:
            self._moved.notify_all()

    def _drop(self) -> None:
        """Forget what is on its way and nobody waits for any more."""
        now = time.monotonic()
        for job in self._generator.jobs:
            if reason := job.lapsed(now):
                self._generator.drop(job)
                self._metrics.dropped_jobs.labels(reason=reason).inc()

    def _look(self, jobs: Sequence[EncodeJob], lane: int) -> None:
        """Fulfil the futures of `jobs`; where the batch fails, each is tried alone."""
        size = sum(job.picture.pixels.size for job in jobs)
        started = time.monotonic()
        try:
            with self._heartbeats.lanes[lane].at_work("visual", size), self._generator.device_lock:
                visual = see(self._bundle, [job.picture for job in jobs])
        except Exception as error:
            if len(jobs) == 1:
                log.exception("a picture failed")
                self._health.failed(Stage.VISUAL, error)
                jobs[0].fail(error)
                return
            for job in jobs:
                self._look([job], lane)
            return
        self._health.succeeded(Stage.VISUAL)
        seconds = time.monotonic() - started
        self._metrics.stage("visual").observe(seconds)
        self._metrics.batch_size.labels(stage="see").observe(len(jobs))
        for job, view in zip(jobs, visual, strict=True):
            waited = (started - job.since) * 1000
            job.settle((view, {"queue": waited, "visual": seconds * 1000}))

    def _settle(self, outcomes: Sequence[Outcome]) -> None:
        for job, result in outcomes:
            if isinstance(result, Exception):
                log.error("a prompt failed", exc_info=result)
                self._health.failed(Stage.ANSWER, result)
                job.fail(result)
            else:
                self._health.succeeded(Stage.ANSWER)
                job.settle(result)
