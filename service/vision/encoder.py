"""Encodes image files: decoding, region proposals, the visual graph, and a cache of results."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeVar

from schema.regions import MAX_REGIONS, RequestRegion
from service.engine.interface import Engine, Picture, VisualFeatures
from service.engine.preprocess import Preprocess
from service.observability.metrics import Metrics
from service.observability.timing import StageTimer
from service.settings import Settings
from service.vision.decoding import ImageFile, Sides, check_bytes, digest_of, open_file
from service.vision.decoding_lanes import DecodingLanes
from service.vision.pixel_budget import pixels_in
from service.vision.proposers.proposer import Proposer
from service.vision.request_regions import proposal_of
from service.vision.single_flight import SingleFlight
from tasks.errors import NoVisualTower

T = TypeVar("T")

_PROPOSER_SIDE = 2048
"""Width and height in pixels from which a proposer finds no more and crops gain no detail."""


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An encoded image.

    Attributes:
        width: pixels of the upright image.
        height: pixels of the upright image.
        visual: its regions and visual states.
    """

    width: int
    height: int
    visual: VisualFeatures


class _Key(NamedTuple):
    """Cache key: the digest of the file, the regions of the request, the text if it matters."""

    digest: str
    regions: tuple[RequestRegion, ...] | None
    text: str | None


class ImageEncoder:
    """Decodes and encodes images, and caches the latest results.

    Files are hashed on a thread of their own, so that a cache hit never waits for images being
    decoded, and small images never wait for large ones. Decoding and reducing is one task, and all
    decoded images together have at most `max_decoded_pixels` pixels. Concurrent requests for the
    same key share one computation.
    """

    def __init__(
        self,
        engine: Engine,
        preprocess: Preprocess | None,
        settings: Settings,
        metrics: Metrics,
        proposer: Proposer | None = None,
    ) -> None:
        """Create the encoder and its threads.

        Args:
            engine: runs the visual graph.
            preprocess: prepares images for it; None if the model has no visual tower.
            settings: limits and the cache size.
            metrics: receives stage durations, cache hits and misses.
            proposer: proposes regions instead of the visual tower, or None.
        """
        self._engine = engine
        self._preprocess = preprocess
        self._proposer = proposer
        self._settings = settings
        self._metrics = metrics
        self._hashing = ThreadPoolExecutor(1, thread_name_prefix="hash")
        self._lanes = DecodingLanes(settings.image_threads, settings.max_decoded_pixels)
        self._proposing = ThreadPoolExecutor(1, thread_name_prefix="proposer")
        self._flights = SingleFlight[_Key, EncodedImage]()
        self._cache: OrderedDict[_Key, EncodedImage] = OrderedDict()

    @property
    def reserved_pixels(self) -> int:
        """Pixels of the budget that images being decoded or encoded hold now."""
        return self._lanes.reserved_pixels

    async def encode(
        self,
        data: bytes,
        timer: StageTimer,
        regions: Sequence[RequestRegion] | None = None,
        text: str = "",
    ) -> EncodedImage:
        """Encode an image file.

        Args:
            data: the file.
            timer: receives the milliseconds of each stage.
            regions: regions that replace the proposed ones; None proposes regions.
            text: the text of the request, which some proposers read.

        Raises:
            ImageError: a leaf of it, if the file cannot be used or there is no visual tower.
            FieldError: a region exceeds the image.
            CapacityError: a leaf of it, if the engine cannot answer now.
        """
        if self._preprocess is None:
            raise NoVisualTower("the model has no visual tower; send the text alone")
        check_bytes(data, self._settings.max_image_bytes)
        started = time.perf_counter()
        key = self._key(await self._run(self._hashing, digest_of, data), regions, text)
        cached = self._cache.get(key)
        shared = cached is not None or key in self._flights
        self._metrics.visual_cache.labels(outcome="hit" if shared else "miss").inc()
        if cached is not None:
            self._cache.move_to_end(key)
            self._observe("image", started, timer)
            return cached
        work = partial(self._compute, self._preprocess, data, key, started, timer)
        image = await self._flights.do(key, work)
        if shared:
            timer.add({"queue": (time.perf_counter() - started) * 1000})
        return image

    def close(self) -> None:
        """Stop the threads: running tasks finish, waiting tasks are cancelled."""
        self._lanes.close()
        for threads in (self._hashing, self._proposing):
            threads.shutdown(wait=False, cancel_futures=True)

    async def _compute(
        self, preprocess: Preprocess, data: bytes, key: _Key, started: float, timer: StageTimer
    ) -> EncodedImage:
        opening = self._lanes.for_header(data).threads
        file = await self._run(opening, self._open, preprocess, data, key.regions)
        lane = self._lanes.for_image(data, file)
        needed = pixels_in(preprocess.input_bytes(self._most_regions(key)))
        async with lane.budget.reserve(max(file.pixels, needed)) as reservation:
            if self._proposer is not None and key.regions is None:
                picture, size = await self._proposed(
                    preprocess, self._proposer, file, lane.threads, key.text or "", timer
                )
            else:
                picture, size = await self._run(
                    lane.threads, _prepared, preprocess, file, key.regions
                )
                self._observe("image", started, timer)
            reservation.shrink(needed)
            visual, timing = await self._engine.encode_image(picture)
        timer.add(timing)
        image = EncodedImage(*size, visual)
        self._store(key, image)
        return image

    async def _proposed(
        self,
        preprocess: Preprocess,
        proposer: Proposer,
        file: ImageFile,
        threads: ThreadPoolExecutor,
        text: str,
        timer: StageTimer,
    ) -> tuple[Picture, Sides]:
        started = time.perf_counter()
        upright = await self._run(threads, file.load)
        self._observe("image", started, timer)
        started = time.perf_counter()
        proposal = await self._run(self._proposing, proposer.propose, upright.image, text)
        seconds = time.perf_counter() - started
        self._metrics.stage("propose").observe(seconds)
        timer.add({"visual": seconds * 1000})
        started = time.perf_counter()
        picture = await self._run(threads, preprocess, upright.image, proposal)
        self._observe("image", started, timer)
        return picture, (upright.width, upright.height)

    def _open(
        self, preprocess: Preprocess, data: bytes, regions: tuple[RequestRegion, ...] | None
    ) -> ImageFile:
        def least_sides(width: int, height: int) -> Sides:
            if regions is not None:
                return preprocess.least_sides(proposal_of(regions, width, height))
            least = preprocess.least_sides(None)
            if self._proposer is None:
                return least
            return max(least[0], _PROPOSER_SIDE), max(least[1], _PROPOSER_SIDE)

        return open_file(data, max_pixels=self._settings.max_image_pixels, least_sides=least_sides)

    def _most_regions(self, key: _Key) -> int:
        if key.regions is not None:
            return len(key.regions)
        return MAX_REGIONS if self._proposer is not None else 0

    async def _run(
        self, threads: ThreadPoolExecutor, work: Callable[..., T], *arguments: object
    ) -> T:
        """Run work on a thread; on cancellation, return only when the thread has finished.

        So a reservation of the pixel budget lasts as long as the memory is in use.
        """
        running = threads.submit(work, *arguments)
        try:
            return await asyncio.shield(asyncio.wrap_future(running))
        except asyncio.CancelledError:
            if not running.cancel():
                await asyncio.wait([asyncio.wrap_future(running)])
            raise

    def _key(self, digest: str, regions: Sequence[RequestRegion] | None, text: str) -> _Key:
        if regions is not None:
            return _Key(digest, tuple(regions), None)
        reads_text = self._proposer is not None and self._proposer.reads_text
        return _Key(digest, None, text if reads_text else None)

    def _observe(self, stage: str, started: float, timer: StageTimer) -> None:
        seconds = time.perf_counter() - started
        self._metrics.stage(stage).observe(seconds)
        timer.add({stage: seconds * 1000})

    def _store(self, key: _Key, image: EncodedImage) -> None:
        self._cache[key] = image
        while len(self._cache) > self._settings.visual_cache_items:
            self._cache.popitem(last=False)


def _prepared(
    preprocess: Preprocess, file: ImageFile, regions: tuple[RequestRegion, ...] | None
) -> tuple[Picture, Sides]:
    """Decode and preprocess a file; the decoded image is released on return."""
    upright = file.load()
    proposal = None if regions is None else proposal_of(regions, upright.width, upright.height)
    return preprocess(upright.image, proposal), (upright.width, upright.height)
