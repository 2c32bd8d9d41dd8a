"""The engine: one thread that owns the model and works off a bounded queue."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from export.bundle import Bundle, load_bundle
from models.pixels import pixels_from_image
from models.tower_config import REGION_TYPES
from service.engine.contract import Answer, Prompt, Seen
from service.engine.jobs import Job, JobQueue, ReadJob, SeeJob
from service.engine.reading import Reader
from service.engine.seeing import see
from service.metrics import Metrics
from service.settings import Settings
from tasks.errors import EngineUnavailable
from tasks.instruction import Prompter

log = logging.getLogger(__name__)

_MOST_PICTURES = 8
_MOST_PROMPTS = 64
_MOST_TOKENS = 8192
"""Padded tokens of a batch: what two cores fuse in about half a second."""

_IDLE_S = 0.5
"""How long the thread waits for work before it shows that it is alive."""

_STUCK_S = 60.0
"""A batch that takes longer will not end: readiness turns red, and closing waits no longer."""


class ModelEngine:
    """Answers through a bundle; the event loop never computes.

    Work is batched by what is waiting, never by sleeping. What fails in a batch is tried again
    alone, so that a request that fails fails alone.
    """

    def __init__(self, bundle: Bundle, settings: Settings, metrics: Metrics) -> None:
        self._bundle, self._metrics = bundle, metrics
        self._reader = Reader(bundle, metrics)
        self._queue = JobQueue(settings.max_queue_items, settings.max_queue_tokens)
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._threads = settings.intra_op_threads
        self._warm = self._stopping = False
        self._at_work: list[Job] = []
        self._at_work_since = math.inf
        metrics.watch(queued=lambda: self.queued, ready=lambda: self.ready)

    def start(self) -> None:
        """Start the thread; `ready` once the model has answered a first prompt of its own."""
        self._thread.start()

    @property
    def ready(self) -> bool:
        """Whether the engine's thread is alive, not stuck, and takes work."""
        stuck = time.perf_counter() - self._at_work_since > _STUCK_S
        return self._warm and not self._stopping and not stuck and self._thread.is_alive()

    @property
    def queued(self) -> int:
        """How many items wait for the engine's thread."""
        return len(self._queue)

    async def see(self, pixels: NDArray[np.float32]) -> tuple[Seen, dict[str, float]]:
        """The regions and visual states of one picture, pixels (3, S, S)."""
        job = SeeJob(pixels)
        self._queue.put([job])
        return await asyncio.wrap_future(job.future)

    async def read(self, prompts: Sequence[Prompt], seen: Seen | None) -> list[Answer]:
        """The answers to `prompts`, in order; where one fails, the others are dropped."""
        jobs = [ReadJob(prompt, seen) for prompt in prompts]
        self._queue.put(list(jobs))
        try:
            return await asyncio.gather(*(asyncio.wrap_future(job.future) for job in jobs))
        finally:
            for job in jobs:
                job.future.cancel()

    async def aclose(self) -> None:
        """Finish the batch in work, fail what waits, end the thread."""
        self._fail_waiting()
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join, _STUCK_S)

    # The thread

    def _run(self) -> None:
        try:
            torch.set_num_threads(self._threads or torch.get_num_threads())
            self._warm_up()
            self._warm = True
            while not self._stopping:
                self._metrics.engine_progress.set_to_current_time()
                self._at_work = self._queue.take(_MOST_PROMPTS, _MOST_TOKENS, _IDLE_S)
                if self._at_work:
                    self._work(self._at_work)
        except BaseException:
            log.exception("the engine's thread died")
        finally:
            self._fail_waiting()
            self._fail(self._at_work)

    def _work(self, jobs: list[Job]) -> None:
        started = time.perf_counter()
        self._at_work_since = started
        for job in jobs:
            self._metrics.stage("queue").observe(started - job.since)
        waits = [(started - job.since) * 1000 for job in jobs]
        pictures = [job for job in jobs if isinstance(job, SeeJob)]
        prompts = [job for job in jobs if isinstance(job, ReadJob)]
        for start in range(0, len(pictures), _MOST_PICTURES):
            part = pictures[start : start + _MOST_PICTURES]
            self._settle(part, self._see, waits[start : start + _MOST_PICTURES])
        if prompts:
            self._settle(prompts, self._reader.read, waits)
        self._at_work_since = math.inf

    def _settle(
        self,
        jobs: Sequence[Any],
        compute: Callable[[Sequence[Any]], list[tuple[Any, dict[str, float]]]],
        waits: Sequence[float],
    ) -> None:
        """Fulfil the futures of `jobs`; where the batch fails, each is tried alone."""
        try:
            results = compute(jobs)
        except Exception as error:
            if len(jobs) == 1:
                log.exception("a job failed")
                jobs[0].future.set_exception(error)
                return
            for job, wait in zip(jobs, waits, strict=True):
                self._settle([job], compute, [wait])
            return
        for job, wait, (result, timing) in zip(jobs, waits, results, strict=True):
            timing = {"queue": wait, **timing}
            if isinstance(result, Answer):
                job.future.set_result(Answer(result.records, result.gate, result.ids, timing))
            else:
                job.future.set_result((result, timing))

    def _see(self, jobs: Sequence[SeeJob]) -> list[tuple[Seen, dict[str, float]]]:
        started = time.perf_counter()
        seen = see(self._bundle, [job.pixels for job in jobs])
        seconds = time.perf_counter() - started
        self._metrics.stage("visual").observe(seconds)
        self._metrics.batch_size.labels(stage="see").observe(len(jobs))
        return [(item, {"visual": seconds * 1000}) for item in seen]

    def _warm_up(self) -> None:
        size = self._bundle.tower.image_size
        seen = see(self._bundle, [np.zeros((3, size, size), dtype=np.float32)])[0]
        self._reader.warm_up(seen)

    def _fail_waiting(self) -> None:
        self._stopping = True
        waiting = self._queue.close()
        self._fail([job for job in waiting if job.future.set_running_or_notify_cancel()])

    def _fail(self, running: Sequence[Job]) -> None:
        for job in running:
            future: Future[Any] = job.future
            if not future.done():
                future.set_exception(EngineUnavailable("the engine stopped"))


@dataclass(frozen=True)
class Loaded:
    """An engine with what the rest of the service needs to know of its bundle."""

    engine: ModelEngine
    prompter: Prompter
    preprocess: Callable[[Image.Image], NDArray[np.float32]]
    region_types: Sequence[str]
    model_name: str
    precision: str
    provider: str


def load_engine(settings: Settings, metrics: Metrics) -> Loaded:
    """The engine over the settings' bundle; raises `BundleError`."""
    bundle = load_bundle(settings.bundle, threads=settings.intra_op_threads)
    provider = bundle.fusion.get_providers()[0].removesuffix("ExecutionProvider")
    tower = bundle.tower
    return Loaded(
        engine=ModelEngine(bundle, settings, metrics),
        prompter=bundle.prompter,
        preprocess=lambda image: pixels_from_image(image, tower),
        region_types=REGION_TYPES,
        model_name=bundle.manifest.version,
        precision=bundle.manifest.precision,
        provider=provider.lower(),
    )
