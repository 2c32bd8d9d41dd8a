"""The engine: threads that own the model and work off a bounded queue."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch

from export.bundle import Bundle, load_bundle
from models.tower_config import REGION_TYPES, TowerConfig
from service.engine.deadline import deadline
from service.engine.device import decoder_threads, lanes_for, place_decoder, providers_for
from service.engine.generator import Generator
from service.engine.health import Health, Prober
from service.engine.interface import Answer, Picture, Prompt, VisualFeatures
from service.engine.jobs import Dropped, EncodeJob, GenerateJob, Job
from service.engine.preprocess import Preprocess, preprocess_for
from service.engine.probing import probe
from service.engine.resources import ResourceMonitor
from service.engine.scheduler import BatchLimits, JobQueue, batch_limits_for
from service.engine.warmup import warm_up
from service.engine.watchdog import Heartbeat, Heartbeats, Watchdog
from service.engine.worker import Worker
from service.observability.metrics import Metrics
from service.settings import Settings
from tasks.errors import EngineUnavailable, QueueFull
from tasks.instruction import Prompter

log = logging.getLogger(__name__)

_CLOSING_S = 60.0
"""How long closing waits for answers that are on their way."""


class ModelEngine:
    """Answers through a bundle; the event loop never computes.

    Work is batched by what is waiting, never by sleeping; answers begin and end independently of
    each other. A request that fails fails alone. Graphs run in lanes, the decoder in a thread of
    its own, so that both kinds of work go on at once. Where one of them dies or is stuck, everybody
    who waits hears of it at once. Where all that is asked fails, or the machine has run out of
    something, nothing more is taken until that is over.
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
        self._resources = ResourceMonitor(_tell)
        self._warmed = threading.Event()
        self._threads = {self._thread("decoder", self._run_decoder): self._heartbeats.writing}
        for lane, heartbeat in enumerate(self._heartbeats.lanes):
            self._threads[self._thread(f"lane {lane}", partial(self._run_lane, lane))] = heartbeat
        self._watchdogs = [
            Watchdog(thread, heartbeat, self._queue.abandon)
            for thread, heartbeat in self._threads.items()
        ]
        self._warm = self._closing = False
        metrics.observe_engine(queued=lambda: self.queued, ready=lambda: self.ready)
        metrics.slots_in_use.set_function(lambda: self._generator.busy)
        metrics.heartbeat_age.set_function(lambda: self._heartbeats.age_s)

    def start(self) -> None:
        """Start the threads; `ready` once the model has answered prompts of its own."""
        for thread in self._threads:
            thread.start()
        for watchdog in self._watchdogs:
            watchdog.start()
        self._prober.start()
        self._resources.start()

    @property
    def ready(self) -> bool:
        """Whether the engine's threads are alive, not stuck, and take work that succeeds."""
        return not self.unready_because

    @property
    def unready_because(self) -> str:
        """Why the engine is not ready, fit to be shown; empty where it is."""
        if self._closing:
            return "the model is not running"
        if not self._warm:
            return "the model is not ready yet"
        return self._fault()

    @property
    def queued(self) -> int:
        """How many items wait for the engine."""
        return len(self._queue)

    async def encode_image(self, picture: Picture) -> tuple[VisualFeatures, dict[str, float]]:
        """The regions and visual states of one picture."""
        job = EncodeJob(picture, deadline=deadline())
        self._put([job])
        return await asyncio.wrap_future(job.future)

    async def generate(
        self, prompts: Sequence[Prompt], visual: VisualFeatures | None
    ) -> list[Answer]:
        """The answers to `prompts`, in order; where one fails, the others are dropped."""
        jobs = [GenerateJob(prompt, visual, deadline=deadline()) for prompt in prompts]
        self._put(jobs)
        self._metrics.prompt_tokens.inc(sum(job.tokens for job in jobs))
        try:
            return await asyncio.gather(*(asyncio.wrap_future(job.future) for job in jobs))
        finally:
            for job in jobs:
                job.future.cancel()

    async def aclose(self) -> None:
        """End what is on its way, fail what waits, end the threads."""
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
        self._queue.abandon()

    def _fault(self) -> str:
        if not self._alive:
            return "the engine is stuck"
        if self._health.failing is not None:
            return f"the engine fails: {self._health.failing} in a row could not be computed"
        return self._resources.lost or ""

    @property
    def _alive(self) -> bool:
        return all(
            thread.is_alive() and not heartbeat.silent
            for thread, heartbeat in self._threads.items()
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
        with self._supervised(self._heartbeats.writing):
            torch.set_num_threads(self._decoder_threads)
            warm_up(self._bundle, self._worker, self._generator, self._limits)
            self._heartbeats.settle()
            self._warm = True
            self._warmed.set()
            self._worker.run_decoder()

    @contextmanager
    def _supervised(self, heartbeat: Heartbeat) -> Iterator[None]:
        """The life of a thread; where it ends before its time, so does everything else."""
        try:
            yield
            heartbeat.rest()
        except BaseException:
            log.exception("the engine's thread died")
            # not ready before anybody hears of it: the thread lives a little longer
            self._closing = True
            self._queue.close()
            self._queue.abandon()
        finally:
            self._worker.stop()
            self._warmed.set()


def _tell(lost: str | None) -> None:
    if lost is None:
        log.warning("what the machine lacked is there again")
    else:
        log.error("not ready: %s", lost)


@dataclass(frozen=True)
class Loaded:
    """An engine with what the rest of the service needs to know of its bundle."""

    engine: ModelEngine
    prompter: Prompter
    preprocess: Preprocess | None
    region_types: Sequence[str]
    model_name: str
    precision: str
    provider: str


def load_engine(settings: Settings, metrics: Metrics) -> Loaded:
    """The engine over the settings' bundle; raises `BundleError` and `EngineUnavailable`."""
    providers = providers_for(settings.device)
    bundle = load_bundle(settings.bundle, threads=settings.intra_op_threads, providers=providers)
    place_decoder(bundle, settings.device, settings.decoder_precision)
    provider = bundle.fusion.get_providers()[0].removesuffix("ExecutionProvider")
    return Loaded(
        engine=ModelEngine(bundle, settings, metrics),
        prompter=bundle.prompter,
        preprocess=preprocess_for(bundle.tower),
        region_types=REGION_TYPES if isinstance(bundle.tower, TowerConfig) else (),
        model_name=bundle.manifest.version,
        precision=bundle.manifest.precision,
        provider=provider.lower(),
    )
