from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from export.bundle import Bundle
from models.tower_config import REGION_TYPES
from service.engine import engine as module
from service.engine.contract import Answer, Prompt
from service.engine.engine import ModelEngine, load_engine
from service.engine.jobs import ReadJob
from service.metrics import Metrics
from service.settings import Settings
from tasks import instruction
from tasks.errors import BundleError, EngineUnavailable, QueueFull
from tests.service.engine.test_reading import assert_same
from tests.support.bundle import picture

pytestmark = pytest.mark.anyio
WARM_UP_PROMPTS = 2


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


def engine_of(bundle: Bundle, metrics: Metrics | None = None, **settings: Any) -> ModelEngine:
    return ModelEngine(bundle, Settings(intra_op_threads=1, **settings), metrics or Metrics())


@asynccontextmanager
async def running(bundle: Bundle, metrics: Metrics | None = None) -> AsyncIterator[ModelEngine]:
    engine = engine_of(bundle, metrics)
    engine.start()
    try:
        await until(lambda: engine.ready)
        yield engine
    finally:
        await engine.aclose()


class Gate:
    """Holds the engine's thread in a batch until it is opened, then does what it is told."""

    def __init__(self, engine: ModelEngine, then: Callable[[], None] = lambda: None) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()
        self._read, self._then = engine._reader.read, then
        engine._reader.read = self  # type: ignore[method-assign]

    def __call__(self, jobs: Sequence[ReadJob]) -> list[tuple[Answer, dict[str, float]]]:
        self.entered.set()
        assert self.opened.wait(30)
        self._then()
        return self._read(jobs)


def broken(prompt: Prompt) -> Prompt:
    """A pair's prompt without its pair."""
    return Prompt(prompt.source, prompt.form)


async def test_many_clients_get_their_own_answers(
    tiny_bundle: Bundle, pool: list[ReadJob], alone: list[Answer]
) -> None:
    async with running(tiny_bundle) as engine:
        rounds = [engine.read([job.prompt], job.seen) for job in pool * 3]
        for (answer,), expected in zip(await asyncio.gather(*rounds), alone * 3, strict=True):
            assert_same(answer, expected)
            assert answer.timing_ms.keys() == {"queue", "fusion", "decode"}


async def test_the_answers_to_one_request_come_in_its_order(
    tiny_bundle: Bundle, pool: list[ReadJob], alone: list[Answer]
) -> None:
    order = [7, 0, 6, 4]
    async with running(tiny_bundle) as engine:
        answered = await engine.read([pool[i].prompt for i in order], None)
    for i, answer in zip(order, answered, strict=True):
        assert_same(answer, alone[i])


async def test_pictures_of_many_clients_are_seen(tiny_bundle: Bundle) -> None:
    async with running(tiny_bundle) as engine:
        views = await asyncio.gather(*(engine.see(picture(seed)) for seed in range(10)))
    assert len({float(seen.scores[0]) for seen, _ in views}) == 10
    assert all(timing.keys() == {"queue", "visual"} for _, timing in views)


async def test_a_request_that_fails_fails_alone(
    tiny_bundle: Bundle, pool: list[ReadJob], alone: list[Answer]
) -> None:
    engine = engine_of(tiny_bundle)
    good = [asyncio.create_task(engine.read([pool[i].prompt], None)) for i in (0, 6)]
    bad = asyncio.create_task(engine.read([broken(pool[4].prompt)], None))
    await asyncio.sleep(0)
    engine.start()
    with pytest.raises(ValueError, match="pair"):
        await bad
    assert_same((await good[0])[0], alone[0])
    assert_same((await good[1])[0], alone[6])
    assert engine.ready
    await engine.aclose()


async def test_a_picture_that_fails_fails_alone(tiny_bundle: Bundle) -> None:
    engine = engine_of(tiny_bundle)
    good = asyncio.create_task(engine.see(picture(1)))
    bad = asyncio.create_task(engine.see(np.zeros((3, 8, 8), dtype=np.float32)))
    await asyncio.sleep(0)
    engine.start()
    seen, _ = await good
    assert len(seen.scores)
    with pytest.raises(Exception, match="pixels"):
        await bad
    assert engine.ready
    await engine.aclose()


async def test_one_prompt_that_fails_drops_the_rest_of_its_request(
    tiny_bundle: Bundle, pool: list[ReadJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_PROMPTS", 1)
    metrics = Metrics()
    async with running(tiny_bundle, metrics) as engine:
        gate = Gate(engine)
        ask = engine.read([broken(pool[4].prompt), *[pool[0].prompt] * 5], None)
        task = asyncio.create_task(ask)
        await until(gate.entered.is_set)
        gate.opened.set()
        with pytest.raises(ValueError, match="pair"):
            await task
        await engine.read([pool[0].prompt], None)
    answered = metrics.registry.get_sample_value("umie_batch_size_sum", {"stage": "read"})
    assert answered is not None and answered - WARM_UP_PROMPTS < 6


async def test_work_of_a_client_that_went_away_is_dropped(
    tiny_bundle: Bundle, pool: list[ReadJob]
) -> None:
    metrics = Metrics()
    engine = engine_of(tiny_bundle, metrics)
    prompts = [job.prompt for job in pool[:2]]
    gone = asyncio.create_task(engine.read(prompts, None))
    looking = asyncio.create_task(engine.see(picture(1)))
    stays = asyncio.create_task(engine.read(prompts[:1], None))
    await asyncio.sleep(0)
    assert engine.queued == 4
    gone.cancel()
    looking.cancel()
    await asyncio.gather(gone, looking, return_exceptions=True)
    assert gone.cancelled() and looking.cancelled()
    engine.start()
    assert len(await stays) == 1
    assert engine.queued == 0
    await engine.aclose()

    def computed(stage: str) -> float | None:
        return metrics.registry.get_sample_value("umie_batch_size_sum", {"stage": stage})

    assert computed("read") == 1 + WARM_UP_PROMPTS
    assert computed("see") == 0


async def test_a_client_that_goes_away_during_its_batch_harms_nobody(
    tiny_bundle: Bundle, pool: list[ReadJob], alone: list[Answer]
) -> None:
    async with running(tiny_bundle) as engine:
        gate = Gate(engine)
        gone = asyncio.create_task(engine.read([pool[0].prompt], None))
        await until(gate.entered.is_set)
        gone.cancel()
        gate.opened.set()
        (answer,) = await engine.read([pool[0].prompt], None)
        assert_same(answer, alone[0])
        assert gone.cancelled()


async def test_more_than_the_queue_holds_is_refused(
    tiny_bundle: Bundle, pool: list[ReadJob]
) -> None:
    engine = engine_of(tiny_bundle, max_queue_items=2)
    waiting = asyncio.create_task(engine.read([pool[0].prompt] * 2, None))
    await asyncio.sleep(0)
    with pytest.raises(QueueFull):
        await engine.see(picture(1))
    await engine.aclose()
    with pytest.raises(EngineUnavailable):
        await waiting


async def test_closing_ends_the_batch_in_work_and_fails_what_waits(
    tiny_bundle: Bundle, pool: list[ReadJob], alone: list[Answer]
) -> None:
    async with running(tiny_bundle) as engine:
        gate = Gate(engine)
        first = asyncio.create_task(engine.read([pool[0].prompt], None))
        await until(gate.entered.is_set)
        second = asyncio.create_task(engine.read([pool[0].prompt], None))
        await until(lambda: engine.queued == 1)
        closing = asyncio.create_task(engine.aclose())
        with pytest.raises(EngineUnavailable):
            await asyncio.wait_for(second, 10)
        assert not engine.ready and not first.done()
        with pytest.raises(EngineUnavailable):
            await engine.read([pool[0].prompt], None)
        gate.opened.set()
        assert_same((await first)[0], alone[0])
        await closing


async def test_an_engine_that_never_started_closes(
    tiny_bundle: Bundle, pool: list[ReadJob]
) -> None:
    engine = engine_of(tiny_bundle)
    assert not engine.ready
    waiting = asyncio.create_task(engine.read([pool[0].prompt], None))
    await asyncio.sleep(0)
    await engine.aclose()
    with pytest.raises(EngineUnavailable):
        await waiting


async def test_when_the_thread_dies_everybody_hears_of_it_at_once(
    tiny_bundle: Bundle, pool: list[ReadJob], caplog: pytest.LogCaptureFixture
) -> None:
    def die() -> None:
        raise SystemExit("the process ran out of something")

    async with running(tiny_bundle) as engine:
        gate = Gate(engine, then=die)
        working = asyncio.create_task(engine.read([pool[0].prompt], None))
        await until(gate.entered.is_set)
        waiting = asyncio.create_task(engine.read([pool[1].prompt], None))
        looking = asyncio.create_task(engine.see(picture(1)))
        await until(lambda: engine.queued == 2)
        assert engine.ready
        gate.opened.set()
        for task in (working, waiting, looking):
            with pytest.raises(EngineUnavailable):
                await asyncio.wait_for(task, 10)
        assert not engine.ready
        with pytest.raises(EngineUnavailable):
            await engine.read([pool[0].prompt], None)
    assert "the engine's thread died" in caplog.text


async def test_an_engine_that_cannot_warm_up_is_never_ready(
    tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no such graph")

    monkeypatch.setattr(module, "see", fail)
    engine = engine_of(tiny_bundle)
    waiting = asyncio.create_task(engine.see(picture(1)))
    await asyncio.sleep(0)
    engine.start()
    with pytest.raises(EngineUnavailable):
        await asyncio.wait_for(waiting, 10)
    assert not engine.ready and "no such graph" in caplog.text
    await engine.aclose()


async def test_a_stuck_engine_is_not_ready_until_it_goes_on(
    tiny_bundle: Bundle, pool: list[ReadJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_STUCK_S", 0.05)
    async with running(tiny_bundle) as engine:
        gate = Gate(engine)
        working = asyncio.create_task(engine.read([pool[0].prompt], None))
        await until(gate.entered.is_set)
        await until(lambda: not engine.ready)
        gate.opened.set()
        await working
        await until(lambda: engine.ready)


async def test_the_engine_shows_how_it_is(tiny_bundle: Bundle, pool: list[ReadJob]) -> None:
    metrics = Metrics()

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"umie_{name}", labels)

    async with running(tiny_bundle, metrics) as engine:
        await until(lambda: bool(value("engine_last_progress_timestamp_seconds")))
        assert value("engine_ready") == 1 and value("queue_depth") == 0
        started = value("engine_last_progress_timestamp_seconds")
        seen, _ = await engine.see(picture(1))
        await engine.read([job.prompt for job in pool[:3]], seen)
        assert value("stage_duration_seconds_count", stage="queue") == 4
        assert value("stage_duration_seconds_count", stage="visual") == 1
        assert value("batch_size_sum", stage="see") == 1
        assert value("batch_size_sum", stage="read") == 3 + WARM_UP_PROMPTS
        later = value("engine_last_progress_timestamp_seconds")
        assert started and later and later >= started
    assert value("engine_ready") == 0


async def test_loading_tells_what_the_service_needs(tiny_folder: Path) -> None:
    loaded = load_engine(Settings(bundle=tiny_folder / "bundle"), Metrics())
    assert loaded.model_name.startswith("umie-tiny@")
    assert (loaded.precision, loaded.provider) == ("fp32", "cpu")
    assert tuple(loaded.region_types) == REGION_TYPES
    assert loaded.preprocess(Image.new("L", (30, 50))).shape == (3, 64, 64)
    assert not loaded.engine.ready
    assert loaded.prompter.encode("Ann", instruction.ENTITIES, ["person"]).text == "Ann"


async def test_a_missing_bundle_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="nothing"):
        load_engine(Settings(bundle=tmp_path / "nothing"), Metrics())


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
