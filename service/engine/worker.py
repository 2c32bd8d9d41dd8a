"""The loops of the engine's threads: encode new jobs, decode running ones."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence

from export.bundle import Bundle
from service.engine.generator import Generator
from service.engine.health import Health, Stage
from service.engine.jobs import EncodeJob, GenerateJob
from service.engine.prompt_fusion import Fused, Outcome
from service.engine.scheduler import BatchLimits, JobQueue
from service.engine.visual_encoder import encode_images
from service.engine.watchdog import Heartbeats
from service.observability.metrics import Metrics

log = logging.getLogger(__name__)

_MAX_IDLE_S = 0.5


class Worker:
    """Takes jobs from the queue, encodes them, and decodes their answers.

    Encoder lanes, one thread each, encode images or fuse prompts in batches. The decoder thread
    runs one step after another for all running answers. Both kinds of work run concurrently, and
    no answer waits for another to end.

    Args:
        bundle: the model.
        queue: the waiting jobs.
        generator: the running answers.
        limits: the limits of a lane's batch.
        heartbeats: of the lanes and of the decoder thread.
        metrics: where batches, stages and dropped jobs are counted.
        health: where failures are counted.
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
        self._idle_s = min(_MAX_IDLE_S, heartbeats.decoder.stuck_s / 4)
        self._fused: deque[Fused] = deque()
        self._fusing = [0] * len(heartbeats.lanes)
        self._taking = [False] * len(heartbeats.lanes)
        self._changed = threading.Condition()
        self._stopping = False

    @property
    def ahead(self) -> int:
        """How many prompts have left the queue and have no slot yet."""
        return sum(self._fusing) + sum(len(fused.jobs) for fused in tuple(self._fused))

    def stop(self) -> None:
        """Take no more jobs. The loops return when the jobs in progress are complete."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def run_encoder(self, lane: int) -> None:
        """Encode jobs until `stop` is called: the loop of an encoder lane's thread."""
        while self._may_take(lane):
            try:
                encoded = self.encode_next(lane)
            finally:
                self._taking[lane] = False
            if not encoded:
                self._queue.wait(self._idle_s, self._free_limits)
        with self._changed:
            self._changed.notify_all()

    def run_decoder(self) -> None:
        """Decode answers until `stop` is called and all are complete: the decoder thread's loop."""
        while self._has_work():
            wake = self._should_step if self.decode_next() else self._has_new_work
            with self._changed:
                self._changed.wait_for(wake, self._idle_s)

    def run_once(self) -> None:
        """Encode one batch and run one decoder step, in the calling thread."""
        self.encode_next()
        self.decode_next()

    def encode_next(self, lane: int = 0) -> bool:
        """Take the next batch from the queue and encode it; False where there is none."""
        self._heartbeats.lanes[lane].update()
        jobs = self._queue.take(self._free_limits())
        now = time.monotonic()
        for job in jobs:
            self._metrics.stage("queue").observe(now - job.since)
        self.encode(jobs, lane)
        return bool(jobs)

    def decode_next(self) -> bool:
        """Admit fused prompts and run one decoder step; False where no answer is running."""
        self._heartbeats.decoder.update()
        self._metrics.engine_progress.set_to_current_time()
        self._drop()
        self.admit()
        if not self._generator.busy:
            return False
        self.step()
        return True

    def encode(self, jobs: Sequence[EncodeJob] | Sequence[GenerateJob], lane: int = 0) -> None:
        """Encode images, or fuse prompts, which then wait for slots."""
        if images := [job for job in jobs if isinstance(job, EncodeJob)]:
            self._encode_images(images, lane)
        if prompts := [job for job in jobs if isinstance(job, GenerateJob)]:
            self._fuse(prompts, lane)

    def admit(self) -> None:
        """Start decoding fused prompts, as far as there are free slots."""
        while self._fused and len(self._fused[0].jobs) <= self._generator.free:
            # removed only after they have slots, so that `ahead` reserves the slots until then
            self._complete(self._generator.admit(self._fused[0]))
            self._fused.popleft()

    def step(self) -> None:
        """Run one decoder step for all running answers, and complete those that ended."""
        with self._heartbeats.decoder.native_call("step", 1):
            outcomes = self._generator.step()
        self._complete(outcomes)
        if outcomes:
            self._queue.notify()

    def _may_take(self, lane: int) -> bool:
        """Whether a lane may take jobs. If so, `run_decoder` continues until they are fused."""
        with self._changed:
            self._taking[lane] = not self._stopping
            return self._taking[lane]

    def _has_work(self) -> bool:
        """Whether there are answers to decode, or may be later."""
        with self._changed:
            # lanes first: a lane's prompts count as ahead before it stops to count as taking
            taking = any(self._taking)
            return not self._stopping or taking or bool(self._generator.busy or self.ahead)

    def _has_new_work(self) -> bool:
        return bool(self._fused) or self._stopping

    def _should_step(self) -> bool:
        """Whether to run the next decoder step now.

        A step takes little longer for ten answers than for one. So while prompts are being fused
        and more jobs wait, the lanes use the cores, until these prompts can join the step. But an
        answer to a short request does not wait for the passages of a long one.
        """
        if self._has_new_work() or not (any(self._fusing) and len(self._queue)):
            return True
        return self._queue.only_deferred and not all(job.deferred for job in self._generator.jobs)

    def _free_limits(self) -> BatchLimits:
        """The limits of the next batch, given the free slots."""
        free = self._generator.free - self.ahead
        return self._limits._replace(prompts=max(0, min(self._limits.prompts, free)))

    def _fuse(self, jobs: Sequence[GenerateJob], lane: int) -> None:
        units = len(jobs) * max(job.tokens for job in jobs)
        self._fusing[lane] = len(jobs)
        try:
            with self._heartbeats.lanes[lane].native_call("fusion", units):
                fused, failed = self._generator.fuse(jobs)
            self._fused.extend(fused)
        finally:
            self._fusing[lane] = 0
        self._complete(failed)
        with self._changed:
            self._changed.notify_all()

    def _drop(self) -> None:
        """Drop running answers that have expired or were cancelled."""
        now = time.monotonic()
        for job in self._generator.jobs:
            if reason := job.drop_reason(now):
                self._generator.drop(job)
                self._metrics.dropped_jobs.labels(reason=reason).inc()

    def _encode_images(self, jobs: Sequence[EncodeJob], lane: int) -> None:
        """Encode a batch of images; where it fails, encode each of them alone."""
        size = sum(job.picture.pixels.size for job in jobs)
        heartbeat = self._heartbeats.lanes[lane]
        started = time.monotonic()
        try:
            with heartbeat.native_call("visual", size), self._generator.device_lock:
                encoded = encode_images(self._bundle, [job.picture for job in jobs])
        except Exception as error:
            if len(jobs) == 1:
                log.exception("an image could not be encoded")
                self._health.failed(Stage.VISUAL, error)
                jobs[0].fail(error)
                return
            for job in jobs:
                self._encode_images([job], lane)
            return
        self._health.succeeded(Stage.VISUAL)
        seconds = time.monotonic() - started
        self._metrics.stage("visual").observe(seconds)
        self._metrics.batch_size.labels(stage="see").observe(len(jobs))
        for job, features in zip(jobs, encoded, strict=True):
            queued_ms = (started - job.since) * 1000
            job.complete((features, {"queue": queued_ms, "visual": seconds * 1000}))

    def _complete(self, outcomes: Sequence[Outcome]) -> None:
        """Set the futures of the jobs that ended."""
        for job, result in outcomes:
            if isinstance(result, Exception):
                log.error("a prompt failed", exc_info=result)
                self._health.failed(Stage.ANSWER, result)
                job.fail(result)
            else:
                self._health.succeeded(Stage.ANSWER)
                job.complete(result)
