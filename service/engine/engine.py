"""The engine: threads that run the model on jobs from a bounded queue."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import torch

from export.bundle import Bundle
from service.engine.deadline import deadline
from service.engine.device import decoder_threads, lanes_for
from service.engine.generator import Generator
from service.engine.health import Health, Prober
from service.engine.interface import (
    Answer,
    Picture,
    Prompt,
    VisualFeatures,
    Visuals,
    visual_of_each,
)
from service.engine.jobs import Dropped, EncodeJob, GenerateJob, Job
from service.engine.resources import ResourceMonitor
from service.engine.scheduler import BatchLimits, JobQueue, batch_limits_for
from service.engine.warmup import probe, warm_up
from service.engine.watchdog import Heartbeat, Heartbeats, Watchdog
from service.engine.worker import Worker
from service.observability.metrics import Metrics
from service.settings import Settings
from tasks.errors import EngineUnavailable, QueueFull

log = logging.getLogger(__name__)

_CLOSING_S = 60.0
"""How long closing waits for each thread to complete its jobs."""


class ModelEngine:
    """Runs a bundle's model in threads of its own; the event loop computes nothing.

    Batches are formed from the waiting jobs, without a delay; answers start and end independently
    of each other. A failed job does not fail others. Encoder lanes run the graphs and another
    thread the decoder, concurrently. Where a thread dies or is stuck, all jobs fail at once. While
    all jobs fail, or the machine lacks a resource, new jobs are refused.

    Args:
        bundle: the model, placed on its device.
        settings: the service's settings.
        metrics: where the engine reports its state.
        limits: the limits of a batch; None for those of the device.
        lanes: the number of encoder lanes; None for that of the device.
    """

    def __init__(
        self,
        bundle: Bundle,
        settings: Settings,
        metrics: Metrics,
        limits: BatchLimits | None = None,
        lanes: int | None = None,
    ) -> None:
        self._bundle, self._metrics = bundle, metrics
        self._decoder_threads = decoder_threads(settings.intra_op_threads)
        self._limits = limits or batch_limits_for(bundle, settings.decoder_slots)
        self._queue = JobQueue(settings.max_queue_items, settings.max_queue_tokens, self._count)
        self._generator = Generator(bundle, metrics, settings.decoder_slots)
        self._heartbeats = Heartbeats(settings.engine_stuck_s, lanes or lanes_for(bundle))
        self._health = Health()
        self._worker = Worker(
            bundle,
            self._queue,
            self._generator,
            self._limits,
            self._heartbeats,
            metrics,
            self._health,
        )
        self._prober = Prober(self._health, partial(probe, bundle, self._queue))
        self._resources = ResourceMonitor(_log_change)
        self._warmed = threading.Event()
        self._threads = {self._thread("decoder", self._run_decoder): self._heartbeats.decoder}
        for lane, heartbeat in enumerate(self._heartbeats.lanes):
            self._threads[self._thread(f"lane {lane}", partial(self._run_lane, lane))] = heartbeat
        self._watchdogs = [
            Watchdog(thread, heartbeat, self._queue.fail_all)
            for thread, heartbeat in self._threads.items()
        ]
        self._warm = self._closing = False
        metrics.observe_engine(queued=lambda: self.queued, ready=lambda: self.ready)
        metrics.slots_in_use.set_function(lambda: self._generator.busy)
        metrics.heartbeat_age.set_function(lambda: self._heartbeats.age_s)

    def start(self) -> None:
        """Start the threads. The engine is `ready` when warm-up is complete."""
        for thread in self._threads:
            thread.start()
        for watchdog in self._watchdogs:
            watchdog.start()
        self._prober.start()
        self._resources.start()

    @property
    def takes_spans(self) -> bool:
        """Whether the weights answer about given spans: only those of the span-first order do."""
        return self._bundle.config.span_first

    @property
    def ready(self) -> bool:
        """Whether the engine's threads run and accept jobs."""
        return not self.unready_because

    @property
    def unready_because(self) -> str:
        """Why the engine is not ready, as a message for the caller; empty if it is ready."""
        if self._closing:
            return "the model is not running"
        if not self._warm:
            return "the model is not ready yet"
        return self._fault()

    @property
    def queued(self) -> int:
        """How many jobs wait in the queue."""
        return len(self._queue)

    async def encode_image(self, picture: Picture) -> tuple[VisualFeatures, dict[str, float]]:
        """Return the features of an image, and the duration of each stage in milliseconds."""
        job = EncodeJob(picture, deadline=deadline())
        self._put([job])
        return await asyncio.wrap_future(job.future)

    async def generate(self, prompts: Sequence[Prompt], visual: Visuals) -> list[Answer]:
        """Return the answers to `prompts`, in order; where one fails, the others are dropped."""
        jobs = [
            GenerateJob(prompt, own, deadline=deadline())
            for prompt, own in zip(prompts, visual_of_each(visual, len(prompts)), strict=True)
        ]
        self._put(jobs)
        self._metrics.prompt_tokens.inc(sum(job.tokens for job in jobs))
        try:
            return await asyncio.gather(*(asyncio.wrap_future(job.future) for job in jobs))
        finally:
            for job in jobs:
                job.future.cancel()

    async def aclose(self) -> None:
        """Complete the jobs in progress, fail the waiting ones, and end the threads."""
        self._closing = True
        self._queue.close()
        self._worker.stop()
        self._warmed.set()
        for thread in self._threads:
            if thread.ident is not None:
                await asyncio.to_thread(thread.join, _CLOSING_S)
        for watchdog in self._watchdogs:
            watchdog.stop()
        self._prober.stop()
        self._resources.stop()
        self._queue.fail_all()

    def _fault(self) -> str:
        """Why a warm engine is not ready; empty if it is."""
        if not self._alive:
            return "the engine is stuck"
        if self._health.failing is not None:
            return f"the engine fails: {self._health.failing} in a row could not be computed"
        return self._resources.lost or ""

    @property
    def _alive(self) -> bool:
        return all(
            thread.is_alive() and not heartbeat.stuck for thread, heartbeat in self._threads.items()
        )

    def _put(self, jobs: Sequence[Job]) -> None:
        if self._warm and (fault := self._fault()):
            raise EngineUnavailable(fault)
        try:
            self._queue.put(jobs)
        except QueueFull:
            for _ in jobs:
                self._count(Dropped.REJECTED)
            raise

    def _count(self, reason: Dropped) -> None:
        self._metrics.dropped_jobs.labels(reason=reason).inc()

    def _thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=work, name=f"engine's {name}", daemon=True)

    def _run_lane(self, lane: int) -> None:
        with self._supervised(self._heartbeats.lanes[lane]):
            self._warmed.wait()
            self._worker.run_encoder(lane)

    def _run_decoder(self) -> None:
        with self._supervised(self._heartbeats.decoder):
            torch.set_num_threads(self._decoder_threads)
            warm_up(self._bundle, self._worker, self._generator, self._limits)
            self._heartbeats.end_warmup()
            self._warm = True
            self._warmed.set()
            self._worker.run_decoder()

    @contextmanager
    def _supervised(self, heartbeat: Heartbeat) -> Iterator[None]:
        """Enclose the work of a thread. Where it raises, fail all jobs and end all threads."""
        try:
            yield
            heartbeat.finish()
        except BaseException:
            log.exception("the engine's thread died")
            # not ready before the first job fails: this thread is still alive
            self._closing = True
            self._queue.close()
            self._queue.fail_all()
        finally:
            self._worker.stop()
            self._warmed.set()


def _log_change(lost: str | None) -> None:
    if lost is None:
        log.warning("the machine has all resources again")
    else:
        log.error("not ready: %s", lost)
