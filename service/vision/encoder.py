"""From an image file to what the model sees in it, each view computed once."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeVar

from service.engine.interface import Engine, Picture, VisualFeatures
from service.engine.preprocess import Preprocess
from service.observability.metrics import Metrics
from service.observability.timing import StageTimer
from service.settings import Settings
from service.vision.decoding import ImageFile, Sides, check_bytes, digest_of, open_file
from service.vision.pixel_budget import PixelBudget, pixels_in
from service.vision.proposers.proposer import Proposer
from service.vision.request_regions import OwnRegion, proposal_of
from service.vision.single_flight import SingleFlight
from tasks.errors import NoVisualTower
from tasks.records import MAX_REGIONS

T = TypeVar("T")

_PROPOSER_SIDE = 2048
"""The width and height from which on a proposer finds nothing more, nor crops have more detail."""


@dataclass(frozen=True, slots=True)
class View:
    """A picture's size in pixels and what the model saw in it."""

    width: int
    height: int
    visual: VisualFeatures


class _Key(NamedTuple):
    """What a view depends on: the file's content, own regions, and the text if that is read."""

    digest: str
    own: tuple[OwnRegion, ...] | None
    text: str | None


class ImageEncoder:
    """Decodes, has regions proposed, scales, and has the engine look; keeps the latest views.

    Files are hashed on a thread of their own, so that a view which is kept never waits for
    pictures being decoded. Decoding and reducing is one task, and all pictures together hold at
    most `max_decoded_pixels`.
    """

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
        self._hashing = ThreadPoolExecutor(1, thread_name_prefix="hash")
        self._decoding = ThreadPoolExecutor(settings.image_threads, thread_name_prefix="image")
        self._proposing = ThreadPoolExecutor(1, thread_name_prefix="proposer")
        self._budget = PixelBudget(settings.max_decoded_pixels)
        self._flights = SingleFlight[_Key, View]()
        self._views: OrderedDict[_Key, View] = OrderedDict()

    async def look(
        self,
        data: bytes,
        watch: StageTimer,
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
        key = self._key(await self._run(self._hashing, digest_of, data), own, text)
        view = self._views.get(key)
        known = view is not None or key in self._flights
        self._metrics.visual_cache.labels(outcome="hit" if known else "miss").inc()
        if view is not None:
            self._views.move_to_end(key)
            self._observe("image", started, watch)
            return view
        work = partial(self._look, self._preprocess, data, key, started, watch)
        view = await self._flights.do(key, work)
        if known:
            watch.add({"queue": (time.perf_counter() - started) * 1000})
        return view

    def close(self) -> None:
        """Let running threads end and drop what waits for them."""
        for threads in (self._hashing, self._decoding, self._proposing):
            threads.shutdown(wait=False, cancel_futures=True)

    async def _look(
        self, preprocess: Preprocess, data: bytes, key: _Key, started: float, watch: StageTimer
    ) -> View:
        file = await self._run(self._decoding, self._open, preprocess, data, key.own)
        needed = pixels_in(preprocess.input_bytes(self._most_regions(key)))
        async with self._budget.hold(max(file.pixels, needed)) as hold:
            if self._proposer is not None and key.own is None:
                picture, size = await self._proposed(
                    preprocess, self._proposer, file, key.text or "", watch
                )
            else:
                picture, size = await self._run(
                    self._decoding, _prepared, preprocess, file, key.own
                )
                self._observe("image", started, watch)
            hold.shrink(needed)
            visual, timing = await self._engine.encode_image(picture)
        watch.add(timing)
        view = View(*size, visual)
        self._keep(key, view)
        return view

    async def _proposed(
        self,
        preprocess: Preprocess,
        proposer: Proposer,
        file: ImageFile,
        text: str,
        watch: StageTimer,
    ) -> tuple[Picture, Sides]:
        started = time.perf_counter()
        upright = await self._run(self._decoding, file.load)
        self._observe("image", started, watch)
        started = time.perf_counter()
        proposal = await self._run(self._proposing, proposer.propose, upright.image, text)
        seconds = time.perf_counter() - started
        self._metrics.stage("propose").observe(seconds)
        watch.add({"visual": seconds * 1000})
        started = time.perf_counter()
        picture = await self._run(self._decoding, preprocess, upright.image, proposal)
        self._observe("image", started, watch)
        return picture, (upright.width, upright.height)

    def _open(
        self, preprocess: Preprocess, data: bytes, own: tuple[OwnRegion, ...] | None
    ) -> ImageFile:
        def least_sides(width: int, height: int) -> Sides:
            if own is not None:
                return preprocess.least_sides(proposal_of(own, width, height))
            least = preprocess.least_sides(None)
            if self._proposer is None:
                return least
            return max(least[0], _PROPOSER_SIDE), max(least[1], _PROPOSER_SIDE)

        return open_file(data, max_pixels=self._settings.max_image_pixels, least_sides=least_sides)

    def _most_regions(self, key: _Key) -> int:
        if key.own is not None:
            return len(key.own)
        return MAX_REGIONS if self._proposer is not None else 0

    async def _run(
        self, threads: ThreadPoolExecutor, work: Callable[..., T], *arguments: object
    ) -> T:
        """The result of work on a thread; where it is cancelled, not before the thread is done.

        So whoever holds a share of the budget holds it for as long as the memory is in use.
        """
        running = threads.submit(work, *arguments)
        try:
            return await asyncio.shield(asyncio.wrap_future(running))
        except asyncio.CancelledError:
            if not running.cancel():
                await asyncio.wait([asyncio.wrap_future(running)])
            raise

    def _key(self, digest: str, own: Sequence[OwnRegion] | None, text: str) -> _Key:
        if own is not None:
            return _Key(digest, tuple(own), None)
        reads = self._proposer is not None and self._proposer.reads_text
        return _Key(digest, None, text if reads else None)

    def _observe(self, stage: str, started: float, watch: StageTimer) -> None:
        seconds = time.perf_counter() - started
        self._metrics.stage(stage).observe(seconds)
        watch.add({stage: seconds * 1000})

    def _keep(self, key: _Key, view: View) -> None:
        self._views[key] = view
        while len(self._views) > self._settings.visual_cache_items:
            self._views.popitem(last=False)


def _prepared(
    preprocess: Preprocess, file: ImageFile, own: tuple[OwnRegion, ...] | None
) -> tuple[Picture, Sides]:
    """The model's picture and its file's size; the decoded one is gone with the call."""
    upright = file.load()
    proposal = None if own is None else proposal_of(own, upright.width, upright.height)
    return preprocess(upright.image, proposal), (upright.width, upright.height)
