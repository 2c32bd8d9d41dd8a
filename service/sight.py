"""From an image file to what the model sees in it, computed once per content."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from service.engine.contract import Engine, Seen
from service.images import check_bytes, decode, digest_of
from service.metrics import Metrics
from service.settings import Settings
from service.stopwatch import Stopwatch

Preprocess = Callable[[Image.Image], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class View:
    """A picture's size in pixels and what the model saw in it."""

    width: int
    height: int
    seen: Seen


class Sight:
    """Decodes, scales and has the engine look; the latest views are kept by content."""

    def __init__(
        self, engine: Engine, preprocess: Preprocess, settings: Settings, metrics: Metrics
    ) -> None:
        self._engine = engine
        self._preprocess = preprocess
        self._settings = settings
        self._metrics = metrics
        self._threads = ThreadPoolExecutor(settings.image_threads, thread_name_prefix="image")
        self._views: OrderedDict[str, View] = OrderedDict()

    async def look(self, data: bytes, watch: Stopwatch) -> View:
        """The view of an image file; raises leaves of `ImageError` and `CapacityError`."""
        check_bytes(data, self._settings.max_image_bytes)
        started = time.perf_counter()
        loop = asyncio.get_running_loop()
        digest = await loop.run_in_executor(self._threads, digest_of, data)
        view = self._views.get(digest)
        self._metrics.visual_cache.labels(outcome="hit" if view else "miss").inc()
        if view is not None:
            self._views.move_to_end(digest)
            self._observe(started, watch)
            return view
        width, height, pixels = await loop.run_in_executor(self._threads, self._pixels, data)
        self._observe(started, watch)
        seen, timing = await self._engine.see(pixels)
        watch.add(timing)
        view = View(width, height, seen)
        self._keep(digest, view)
        return view

    def close(self) -> None:
        """Let running threads end and drop what waits for them."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _pixels(self, data: bytes) -> tuple[int, int, NDArray[np.float32]]:
        picture = decode(data, max_pixels=self._settings.max_image_pixels)
        return picture.width, picture.height, self._preprocess(picture.image)

    def _observe(self, started: float, watch: Stopwatch) -> None:
        seconds = time.perf_counter() - started
        self._metrics.stage("image").observe(seconds)
        watch.add({"image": seconds * 1000})

    def _keep(self, digest: str, view: View) -> None:
        self._views[digest] = view
        while len(self._views) > self._settings.visual_cache_items:
            self._views.popitem(last=False)
