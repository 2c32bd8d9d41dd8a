"""What the engine's thread does, turn by turn."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from export.bundle import Bundle
from service.engine.jobs import ReadJob, SeeJob
from service.engine.reading import Outcome, Reader
from service.engine.scheduler import JobQueue, Room
from service.engine.seeing import see
from service.engine.supervisor import Heart
from service.metrics import Metrics

log = logging.getLogger(__name__)

_LONGEST_IDLE_S = 0.5


class Worker:
    """Begins what waits and lets go on what was begun, in turns.

    In a turn it looks at a few pictures or fuses a few prompts, as many as `room` says and slots
    are free, and then every answer on its way goes on by a step. So no answer waits for the end of
    another, and new work holds up what is on its way by no more than a turn's.
    """

    def __init__(
        self,
        bundle: Bundle,
        queue: JobQueue,
        reader: Reader,
        room: Room,
        heart: Heart,
        metrics: Metrics,
    ) -> None:
        self._bundle, self._queue, self._reader = bundle, queue, reader
        self._room, self._heart, self._metrics = room, heart, metrics
        self._idle_s = min(_LONGEST_IDLE_S, heart.stuck_s / 4)
        self._stopping = False

    def stop(self) -> None:
        """Begin nothing more, and end when all that is on its way has ended."""
        self._stopping = True

    def run(self) -> None:
        """Work until told to stop."""
        while not self._stopping or self._reader.busy:
            self.turn()

    def turn(self) -> None:
        """Begin something, let everything go on; wait a little where there is nothing to do."""
        self._heart.beat()
        self._metrics.engine_progress.set_to_current_time()
        self._drop()
        begun = not self._stopping and self._begin()
        if self._reader.busy:
            self.step()
        elif not begun and not self._stopping:
            self._queue.wait(self._idle_s)

    def begin(self, jobs: Sequence[SeeJob] | Sequence[ReadJob]) -> None:
        """Look at pictures, or fuse prompts and put them on their way."""
        if looks := [job for job in jobs if isinstance(job, SeeJob)]:
            self._look(looks)
        if reads := [job for job in jobs if isinstance(job, ReadJob)]:
            with self._heart.at_work("fusion", len(reads) * max(job.tokens for job in reads)):
                outcomes = self._reader.begin(reads)
            _settle(outcomes)

    def step(self) -> None:
        """Let every answer on its way go on."""
        with self._heart.at_work("step", 1):
            outcomes = self._reader.step()
        _settle(outcomes)

    def _drop(self) -> None:
        """Forget what is on its way and nobody waits for any more."""
        now = time.monotonic()
        for job in self._reader.jobs:
            if reason := job.lapsed(now):
                self._reader.drop(job)
                self._metrics.dropped_jobs.labels(reason=reason).inc()

    def _begin(self) -> bool:
        prompts = min(self._room.prompts, self._reader.free)
        jobs = self._queue.take(self._room._replace(prompts=prompts))
        now = time.monotonic()
        for job in jobs:
            self._metrics.stage("queue").observe(now - job.since)
        self.begin(jobs)
        return bool(jobs)

    def _look(self, jobs: Sequence[SeeJob]) -> None:
        """Fulfil the futures of `jobs`; where the batch fails, each is tried alone."""
        started = time.monotonic()
        try:
            with self._heart.at_work("visual", sum(job.picture.pixels.size for job in jobs)):
                seen = see(self._bundle, [job.picture for job in jobs])
        except Exception as error:
            if len(jobs) == 1:
                log.exception("a picture failed")
                jobs[0].fail(error)
                return
            for job in jobs:
                self._look([job])
            return
        seconds = time.monotonic() - started
        self._metrics.stage("visual").observe(seconds)
        self._metrics.batch_size.labels(stage="see").observe(len(jobs))
        for job, view in zip(jobs, seen, strict=True):
            waited = (started - job.since) * 1000
            job.settle((view, {"queue": waited, "visual": seconds * 1000}))


def _settle(outcomes: Sequence[Outcome]) -> None:
    for job, result in outcomes:
        if isinstance(result, Exception):
            log.error("a prompt failed", exc_info=result)
            job.fail(result)
        else:
            job.settle(result)
