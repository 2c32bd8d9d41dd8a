"""From an image file to what the model sees in it, each look computed once."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeVar

from PIL import Image

from service.engine.contract import Engine, Seen
from service.images import check_bytes, decode, digest_of
from service.metrics import Metrics
from service.own_regions import OwnRegion, proposal_of
from service.preprocess import Preprocess
from service.proposers.proposal import Proposal
from service.proposers.proposer import Proposer
from service.settings import Settings
from service.stopwatch import Stopwatch
from tasks.errors import NoVisualTower

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class View:
    """A picture's size in pixels and what the model saw in it."""

    width: int
    height: int
    seen: Seen


class _Key(NamedTuple):
    """What a view depends on: the file's content, own regions, and the text if that is read."""

    digest: str
    own: tuple[OwnRegion, ...] | None
    text: str | None


class Sight:
    """Decodes, has regions proposed, scales, and has the engine look; keeps the latest views."""

    def __init__(
        self,
        engine: Engine,
        preprocess: Preprocess | None,
        settings: Settings,
        metrics: Metrics,
        proposer: Proposer | None = None,
    ) -> None:
        self._engine = engine
        self._preprocess = preprocess
        self._proposer = proposer
        self._settings = settings
        self._metrics = metrics
        self._threads = ThreadPoolExecutor(settings.image_threads, thread_name_prefix="image")
        self._proposing = ThreadPoolExecutor(1, thread_name_prefix="proposer")
        self._views: OrderedDict[_Key, View] = OrderedDict()

    async def look(
        self,
        data: bytes,
        watch: Stopwatch,
        own: Sequence[OwnRegion] | None = None,
        text: str = "",
    ) -> View:
        """The view of an image file that comes with `text`.

        `own` regions stand in for those that would be proposed. Raises leaves of `ImageError`,
        `NoVisualTower` among them, and of `CapacityError`, and `FieldError` where a region goes
        beyond the picture.
        """
        if self._preprocess is None:
            raise NoVisualTower("the model has no visual tower; send the text alone")
        check_bytes(data, self._settings.max_image_bytes)
        started = time.perf_counter()
        key = self._key(await self._run(self._threads, digest_of, data), own, text)
        view = self._views.get(key)
        self._metrics.visual_cache.labels(outcome="hit" if view else "miss").inc()
        if view is not None:
            self._views.move_to_end(key)
            self._observe("image", started, watch)
            return view
        view = await self._look(self._preprocess, data, key, started, watch)
        self._keep(key, view)
        return view

    def close(self) -> None:
        """Let running threads end and drop what waits for them."""
        for threads in (self._threads, self._proposing):
            threads.shutdown(wait=False, cancel_futures=True)

    async def _look(
        self, preprocess: Preprocess, data: bytes, key: _Key, started: float, watch: Stopwatch
    ) -> View:
        decoding = partial(decode, max_pixels=self._settings.max_image_pixels)
        upright = await self._run(self._threads, decoding, data)
        proposal = None
        if key.own is not None:
            proposal = proposal_of(key.own, upright.width, upright.height)
        elif self._proposer is not None:
            self._observe("image", started, watch)
            proposal = await self._propose(self._proposer, upright.image, key.text or "", watch)
            started = time.perf_counter()
        picture = await self._run(self._threads, preprocess, upright.image, proposal)
        self._observe("image", started, watch)
        seen, timing = await self._engine.see(picture)
        watch.add(timing)
        return View(upright.width, upright.height, seen)

    async def _propose(
        self, proposer: Proposer, image: Image.Image, text: str, watch: Stopwatch
    ) -> Proposal:
        started = time.perf_counter()
        proposal = await self._run(self._proposing, proposer.propose, image, text)
        seconds = time.perf_counter() - started
        self._metrics.stage("propose").observe(seconds)
        watch.add({"visual": seconds * 1000})
        return proposal

    async def _run(
        self, threads: ThreadPoolExecutor, work: Callable[..., T], *arguments: object
    ) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, work, *arguments)

    def _key(self, digest: str, own: Sequence[OwnRegion] | None, text: str) -> _Key:
        if own is not None:
            return _Key(digest, tuple(own), None)
        reads = self._proposer is not None and self._proposer.reads_text
        return _Key(digest, None, text if reads else None)

    def _observe(self, stage: str, started: float, watch: Stopwatch) -> None:
        seconds = time.perf_counter() - started
        self._metrics.stage(stage).observe(seconds)
        watch.add({stage: seconds * 1000})

    def _keep(self, key: _Key, view: View) -> None:
        self._views[key] = view
        while len(self._views) > self._settings.visual_cache_items:
            self._views.popitem(last=False)
