from __future__ import annotations

import pytest

from service.metrics import Metrics
from service.settings import Settings
from service.sight import Sight
from service.stopwatch import Stopwatch
from tasks.errors import EngineUnavailable, ImageTooLarge
from tests.service.fakes import FakeEngine, picture_bytes, preprocess

pytestmark = pytest.mark.anyio

RED, BLUE, GREEN = (picture_bytes(colour=name) for name in ("red", "blue", "green"))


def _sight(engine: FakeEngine, metrics: Metrics, kept: int) -> Sight:
    return Sight(engine, preprocess, Settings(visual_cache_items=kept), metrics)


def _looks(metrics: Metrics, outcome: str) -> float:
    return metrics.registry.get_sample_value("umie_visual_cache_total", {"outcome": outcome}) or 0


async def test_the_engine_gets_preprocessed_pixels(engine: FakeEngine, metrics: Metrics) -> None:
    view = await _sight(engine, metrics, 4).look(RED, Stopwatch())
    assert (view.width, view.height) == (40, 20)
    assert engine.looks[0].shape == (3, 8, 8)
    assert engine.looks[0][:, 0, 0].tolist() == [1.0, 0.0, 0.0]


async def test_a_picture_is_computed_once(engine: FakeEngine, metrics: Metrics) -> None:
    sight = _sight(engine, metrics, 4)
    first = await sight.look(RED, Stopwatch())
    watch = Stopwatch()
    assert await sight.look(RED, watch) is first
    assert len(engine.looks) == 1
    assert watch.read().visual == 0.0
    assert (_looks(metrics, "miss"), _looks(metrics, "hit")) == (1, 1)


async def test_the_least_recently_used_view_is_dropped(
    engine: FakeEngine, metrics: Metrics
) -> None:
    sight = _sight(engine, metrics, 2)
    for data in (RED, BLUE, RED, GREEN, RED, BLUE):
        await sight.look(data, Stopwatch())
    assert len(engine.looks) == 4


async def test_nothing_is_kept_without_a_cache(engine: FakeEngine, metrics: Metrics) -> None:
    sight = _sight(engine, metrics, 0)
    await sight.look(RED, Stopwatch())
    await sight.look(RED, Stopwatch())
    assert len(engine.looks) == 2


async def test_a_failed_look_is_not_kept(engine: FakeEngine, metrics: Metrics) -> None:
    sight = _sight(engine, metrics, 2)
    engine.ready = False
    with pytest.raises(EngineUnavailable):
        await sight.look(RED, Stopwatch())
    engine.ready = True
    assert (await sight.look(RED, Stopwatch())).width == 40


async def test_the_file_size_is_limited(engine: FakeEngine, metrics: Metrics) -> None:
    sight = Sight(engine, preprocess, Settings(max_image_bytes=10), metrics)
    with pytest.raises(ImageTooLarge):
        await sight.look(RED, Stopwatch())
