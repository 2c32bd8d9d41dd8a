from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pytest

from export.bundle import Bundle
from service.engine import watchdog, worker
from service.engine.deadline import within
from service.engine.interface import Answer, Picture, VisualFeatures
from service.engine.jobs import GenerateJob
from service.engine.scheduler import BatchLimits
from service.observability.metrics import Metrics
from tasks.errors import DeadlineExceeded, EngineUnavailable, QueueFull
from tests.service.engine.test_generator import assert_same
from tests.support.bundle import picture
from tests.support.engine import LONG_S, Counted, Gate, broken, dropped, engine_of, running, until

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)


@pytest.mark.parametrize("lanes", [1, 2, 3])
async def test_many_clients_get_their_own_answers(
    tiny_bundle: Bundle, pool: list[GenerateJob], alone: list[Answer], lanes: int
) -> None:
    async with running(tiny_bundle, lanes=lanes) as engine:
        rounds = [engine.generate([job.prompt], job.visual) for job in pool * 3]
        for (answer,), expected in zip(await asyncio.gather(*rounds), alone * 3, strict=True):
            assert_same(answer, expected)
            assert answer.timing_ms.keys() == {"queue", "fusion", "decode"}


async def test_the_answers_to_a_request_keep_its_order(
    tiny_bundle: Bundle, pool: list[GenerateJob], alone: list[Answer]
) -> None:
    order = [7, 0, 6, 4]
    async with running(tiny_bundle) as engine:
        answered = await engine.generate([pool[i].prompt for i in order], None)
    for i, answer in zip(order, answered, strict=True):
        assert_same(answer, alone[i])


async def test_every_prompt_of_a_request_may_have_its_own_image(
    tiny_bundle: Bundle, pool: list[GenerateJob], alone: list[Answer]
) -> None:
    async with running(tiny_bundle) as engine:
        prompts, visuals = [job.prompt for job in pool], [job.visual for job in pool]
        answered = await engine.generate(prompts, visuals)
    for answer, expected in zip(answered, alone, strict=True):
        assert_same(answer, expected)


async def test_images_of_many_clients_are_encoded(tiny_bundle: Bundle) -> None:
    async with running(tiny_bundle) as engine:
        encoded = await asyncio.gather(
            *(engine.encode_image(Picture(picture(seed))) for seed in range(10))
        )
    assert len({float(visual.scores[0]) for visual, _ in encoded}) == 10
    assert all(timing.keys() == {"queue", "visual"} for _, timing in encoded)


async def test_a_request_that_fails_fails_alone(
    tiny_bundle: Bundle, pool: list[GenerateJob], alone: list[Answer]
) -> None:
    engine = engine_of(tiny_bundle)
    good = [asyncio.create_task(engine.generate([pool[i].prompt], None)) for i in (0, 6)]
    bad = asyncio.create_task(engine.generate([broken(pool[4].prompt)], None))
    await asyncio.sleep(0)
    engine.start()
    with pytest.raises(ValueError, match="pair"):
        await bad
    assert_same((await good[0])[0], alone[0])
    assert_same((await good[1])[0], alone[6])
    assert engine.ready
    await engine.aclose()


async def test_an_image_that_fails_fails_alone(tiny_bundle: Bundle) -> None:
    engine = engine_of(tiny_bundle)
    good = asyncio.create_task(engine.encode_image(Picture(picture(1))))
    bad = asyncio.create_task(engine.encode_image(Picture(np.zeros((3, 8, 8), dtype=np.float32))))
    await asyncio.sleep(0)
    engine.start()
    visual, _ = await good
    assert len(visual.scores)
    with pytest.raises(Exception, match="pixels"):
        await bad
    assert engine.ready
    await engine.aclose()


async def test_one_prompt_that_fails_drops_the_rest_of_its_request(
    tiny_bundle: Bundle, pool: list[GenerateJob]
) -> None:
    metrics, limits = Metrics(), BatchLimits(pictures=1, prompts=1, tokens=1)
    async with running(tiny_bundle, metrics, limits) as engine:
        counted = Counted(metrics)
        request = engine.generate([broken(pool[4].prompt), *[pool[0].prompt] * 50], None)
        with pytest.raises(ValueError, match="pair"):
            await request
        await engine.generate([pool[0].prompt], None)
        assert counted("read") < 51
        given_up = dropped(metrics)
        assert given_up.keys() == {"cancelled"}


async def test_waiting_jobs_of_a_disconnected_client_are_dropped(
    tiny_bundle: Bundle, pool: list[GenerateJob]
) -> None:
    metrics = Metrics()
    async with running(tiny_bundle, metrics) as engine:
        counted, gate = Counted(metrics), Gate(engine)
        first = asyncio.create_task(engine.generate([pool[0].prompt], None))
        await until(gate.entered.is_set)
        prompts = [job.prompt for job in pool[:2]]
        gone = asyncio.create_task(engine.generate(prompts, None))
        encoding = asyncio.create_task(engine.encode_image(Picture(picture(1))))
        stays = asyncio.create_task(engine.generate(prompts[:1], None))
        await until(lambda: engine.queued == 4)
        gone.cancel()
        encoding.cancel()
        await asyncio.gather(gone, encoding, return_exceptions=True)
        gate.opened.set()
        assert len(await stays) == len(await first) == 1
        assert engine.queued == 0
        assert (counted("read"), counted("see")) == (2, 0)
        assert dropped(metrics) == {"cancelled": 3}


async def test_a_slow_lane_blocks_neither_the_other_lane_nor_the_decoder(
    tiny_bundle: Bundle,
    pool: list[GenerateJob],
    alone: list[Answer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entered, opened, encode_images = threading.Event(), threading.Event(), worker.encode_images

    def hold(bundle: Bundle, pictures: Sequence[Picture]) -> list[VisualFeatures]:
        entered.set()
        assert opened.wait(30)
        return encode_images(bundle, pictures)

    async with running(tiny_bundle, lanes=2) as engine:
        monkeypatch.setattr(worker, "encode_images", hold)
        encoding = asyncio.create_task(engine.encode_image(Picture(picture(1))))
        await until(entered.is_set)
        assert_same((await engine.generate([pool[0].prompt], None))[0], alone[0])
        assert not encoding.done()
        opened.set()
        await encoding


async def test_a_running_answer_of_a_disconnected_client_is_dropped(
    tiny_bundle: Bundle, pool: list[GenerateJob], alone: list[Answer]
) -> None:
    metrics = Metrics()
    async with running(tiny_bundle, metrics) as engine:
        gate = Gate(engine, before="step")
        gone = asyncio.create_task(engine.generate([pool[2].prompt], None))
        stays = asyncio.create_task(engine.generate([pool[0].prompt], None))
        await until(gate.entered.is_set)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        gate.opened.set()
        assert_same((await stays)[0], alone[0])
        await until(lambda: engine._generator.busy == 0)
        assert dropped(metrics) == {"cancelled": 1}


@pytest.mark.parametrize("before", ["fuse", "step"])
async def test_expired_jobs_fail_at_every_stage(
    tiny_bundle: Bundle,
    pool: list[GenerateJob],
    alone: list[Answer],
    before: Literal["fuse", "step"],
) -> None:
    metrics = Metrics()
    async with running(tiny_bundle, metrics) as engine:
        gate = Gate(engine, before=before)
        stays = asyncio.create_task(engine.generate([pool[0].prompt], None))
        await until(gate.entered.is_set)
        with within(0.02):
            late = asyncio.create_task(engine.generate([pool[2].prompt], None))
            encoding = asyncio.create_task(engine.encode_image(Picture(picture(1))))
        await asyncio.sleep(0.03)
        gate.opened.set()
        if before == "step":  # images are encoded meanwhile
            await encoding
        for task in (late, encoding) if before == "fuse" else (late,):
            with pytest.raises(DeadlineExceeded):
                await task
        assert_same((await stays)[0], alone[0])
        expired = {"expired": 2 if before == "fuse" else 1}
        await until(lambda: dropped(metrics) == expired)


async def test_a_client_that_disconnects_during_fusion_affects_no_other(
    tiny_bundle: Bundle, pool: list[GenerateJob], alone: list[Answer]
) -> None:
    async with running(tiny_bundle) as engine:
        gate = Gate(engine)
        gone = asyncio.create_task(engine.generate([pool[0].prompt], None))
        await until(gate.entered.is_set)
        gone.cancel()
        gate.opened.set()
        (answer,) = await engine.generate([pool[0].prompt], None)
        assert_same(answer, alone[0])
        assert gone.cancelled()


async def test_jobs_beyond_the_limit_of_the_queue_are_refused(
    tiny_bundle: Bundle, pool: list[GenerateJob]
) -> None:
    metrics = Metrics()
    engine = engine_of(tiny_bundle, metrics, max_queue_items=2)
    waiting = asyncio.create_task(engine.generate([pool[0].prompt] * 2, None))
    await asyncio.sleep(0)
    with pytest.raises(QueueFull):
        await engine.encode_image(Picture(picture(1)))
    assert dropped(metrics) == {"rejected": 1}
    await engine.aclose()
    with pytest.raises(EngineUnavailable):
        await waiting


async def test_closing_completes_running_jobs_and_fails_waiting_ones(
    tiny_bundle: Bundle, pool: list[GenerateJob], alone: list[Answer]
) -> None:
    async with running(tiny_bundle) as engine:
        gate = Gate(engine)
        first = asyncio.create_task(engine.generate([pool[0].prompt], None))
        await until(gate.entered.is_set)
        second = asyncio.create_task(engine.generate([pool[0].prompt], None))
        await until(lambda: engine.queued == 1)
        closing = asyncio.create_task(engine.aclose())
        with pytest.raises(EngineUnavailable):
            await asyncio.wait_for(second, 10)
        assert not engine.ready and not first.done()
        with pytest.raises(EngineUnavailable):
            await engine.generate([pool[0].prompt], None)
        gate.opened.set()
        assert_same((await first)[0], alone[0])
        await closing


async def test_closing_waits_for_the_decoder_after_the_lanes_have_ended(
    tiny_bundle: Bundle,
    pool: list[GenerateJob],
    alone: list[Answer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watchdog, "_CHECK_S", 0.01)
    async with running(tiny_bundle, lanes=2) as engine:
        gate = Gate(engine, before="step")
        answer = asyncio.create_task(engine.generate([pool[0].prompt], None))
        await until(gate.entered.is_set)
        closing = asyncio.create_task(engine.aclose())
        await until(lambda: all(heartbeat.finished for heartbeat in engine._heartbeats.lanes))
        await asyncio.sleep(0.05)  # several checks of the watchdog
        gate.opened.set()
        assert_same((await answer)[0], alone[0])
        await closing


async def test_an_engine_that_never_started_closes(
    tiny_bundle: Bundle, pool: list[GenerateJob]
) -> None:
    engine = engine_of(tiny_bundle)
    assert not engine.ready
    waiting = asyncio.create_task(engine.generate([pool[0].prompt], None))
    await asyncio.sleep(0)
    await engine.aclose()
    with pytest.raises(EngineUnavailable):
        await waiting


async def test_all_jobs_fail_at_once_when_a_thread_dies(
    tiny_bundle: Bundle, pool: list[GenerateJob], caplog: pytest.LogCaptureFixture
) -> None:
    def die() -> None:
        raise SystemExit("the process ran out of something")

    async with running(tiny_bundle) as engine:
        gate = Gate(engine, then=die)
        working = asyncio.create_task(engine.generate([pool[0].prompt], None))
        await until(gate.entered.is_set)
        waiting = asyncio.create_task(engine.generate([pool[1].prompt], None))
        encoding = asyncio.create_task(engine.encode_image(Picture(picture(1))))
        await until(lambda: engine.queued == 2)
        assert engine.ready
        gate.opened.set()
        for task in (working, waiting, encoding):
            with pytest.raises(EngineUnavailable):
                await asyncio.wait_for(task, 10)
        assert not engine.ready
        with pytest.raises(EngineUnavailable):
            await engine.generate([pool[0].prompt], None)
    assert "the engine's thread died" in caplog.text


async def test_an_engine_that_cannot_warm_up_is_never_ready(
    tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no such graph")

    monkeypatch.setattr(worker, "encode_images", fail)
    engine = engine_of(tiny_bundle)
    waiting = asyncio.create_task(engine.encode_image(Picture(picture(1))))
    await asyncio.sleep(0)
    engine.start()
    with pytest.raises(EngineUnavailable):
        await asyncio.wait_for(waiting, 10)
    assert not engine.ready and "no such graph" in caplog.text
    await engine.aclose()


@pytest.mark.parametrize("before", ["fuse", "step"])
async def test_all_jobs_fail_while_a_thread_is_stuck(
    tiny_bundle: Bundle,
    pool: list[GenerateJob],
    alone: list[Answer],
    before: Literal["fuse", "step"],
) -> None:
    metrics = Metrics()
    async with running(tiny_bundle, metrics, engine_stuck_s=0.2) as engine:
        # measured durations on a slow machine can be long
        for heartbeat in engine._threads.values():
            heartbeat._seconds_per_unit.clear()
        gate = Gate(engine, before=before)
        working = asyncio.create_task(engine.generate([pool[0].prompt], None))
        await until(gate.entered.is_set)
        waiting = asyncio.create_task(engine.generate([pool[1].prompt], None))
        for task in (working, waiting):
            with pytest.raises(EngineUnavailable):
                await asyncio.wait_for(task, 10)
        assert not engine.ready and not gate.opened.is_set()
        with pytest.raises(EngineUnavailable, match="stuck"):
            await engine.encode_image(Picture(picture(1)))
        with pytest.raises(EngineUnavailable, match="stuck"):
            await engine.generate([pool[0].prompt], None)
        for heartbeat in engine._threads.values():
            heartbeat.stuck_s = LONG_S
        gate.opened.set()
        await until(lambda: engine.ready)
        assert_same((await engine.generate([pool[0].prompt], None))[0], alone[0])
        assert engine._generator.busy == 0
        assert dropped(metrics).get("abandoned", 0) <= 2


async def test_the_engine_reports_its_state_as_metrics(
    tiny_bundle: Bundle, pool: list[GenerateJob]
) -> None:
    metrics = Metrics()

    def value(name: str, **labels: str) -> float:
        return metrics.registry.get_sample_value(f"umie_{name}", labels) or 0.0

    async with running(tiny_bundle, metrics) as engine:
        counted = Counted(metrics)
        await until(lambda: bool(value("engine_last_progress_timestamp_seconds")))
        assert value("engine_ready") == 1 and value("queue_depth") == 0
        assert 0 <= value("engine_heartbeat_age_seconds") < LONG_S
        started = value("engine_last_progress_timestamp_seconds")
        queued, encoded = (
            value("stage_duration_seconds_count", stage=s) for s in ("queue", "visual")
        )
        visual, _ = await engine.encode_image(Picture(picture(1)))
        gate = Gate(engine, before="step")
        generating = asyncio.create_task(engine.generate([job.prompt for job in pool[1:4]], visual))
        await until(gate.entered.is_set)
        assert value("slots_in_use") == 3
        gate.opened.set()
        await generating
        assert value("slots_in_use") == 0
        assert value("stage_duration_seconds_count", stage="queue") == queued + 4
        assert value("stage_duration_seconds_count", stage="visual") == encoded + 1
        assert (counted("see"), counted("read")) == (1, 3)
        assert value("engine_last_progress_timestamp_seconds") >= started
        assert dropped(metrics) == {}
    assert value("engine_ready") == 0
