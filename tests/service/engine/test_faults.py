"""Faults at every stage of the engine: no effect remains, and readiness is correct."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from export.bundle import Bundle
from service.engine import health, prompt_fusion, worker
from service.engine.fusion_encoder import FusionEncoder
from service.engine.interface import Answer, Picture
from service.engine.jobs import GenerateJob
from service.engine.kv_slots import KVCacheSlots
from service.engine.sampler import BatchDecoder
from tasks.automaton import Automaton
from tasks.errors import EngineUnavailable
from tests.service.engine.test_generator import assert_same
from tests.support.bundle import picture
from tests.support.engine import running, until

pytestmark = pytest.mark.anyio

GROUNDED = 2

STAGES: dict[str, tuple[Any, str]] = {
    "visual graph": (worker, "encode_images"),
    "fusion graph": (FusionEncoder, "fuse"),
    "slot fill": (KVCacheSlots, "_copy_in"),
    "slot release": (KVCacheSlots, "release"),
    "decoder step": (KVCacheSlots, "_compute"),
    "scores": (KVCacheSlots, "score"),
    "grammar": (prompt_fusion, "decoding_state_of"),
    "next symbols": (Automaton, "advance"),
    "grounding": (Automaton, "records"),
}


class Fault:
    """Makes calls of a stage fail: `times` calls, from call number `first` on."""

    def __init__(self, inner: Callable[..., Any], first: int, times: float) -> None:
        self._inner, self._first, self._times, self.calls = inner, first, times, 0

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self.calls += 1
        if self._first <= self.calls < self._first + self._times:
            raise RuntimeError("CUDA error: device-side assert triggered")
        return self._inner(*arguments, **named)

    def method(self) -> Callable[..., Any]:
        return lambda *arguments, **named: self(*arguments, **named)


@pytest.fixture(autouse=True)
def fast_and_quiet(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(health, "_PAUSE_S", 0.02)
    caplog.set_level(logging.CRITICAL)


def ask(engine: Any, pool: Sequence[GenerateJob], stage: str) -> Any:
    if stage == "visual graph":
        return engine.encode_image(Picture(picture(1)))
    return engine.generate([pool[GROUNDED].prompt], pool[GROUNDED].visual)


@pytest.mark.parametrize("stage", STAGES)
async def test_the_engine_is_unready_while_a_stage_always_fails(
    tiny_bundle: Bundle,
    pool: list[GenerateJob],
    alone: list[Answer],
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
) -> None:
    owner, name = STAGES[stage]
    async with running(tiny_bundle) as engine:
        with monkeypatch.context() as patch:
            fault = Fault(getattr(owner, name), 1, float("inf"))
            patch.setattr(owner, name, fault.method())
            for _ in range(health.MAX_FAILURES):
                with pytest.raises(RuntimeError, match="CUDA"):
                    await ask(engine, pool, stage)
            assert not engine.ready and "in a row" in engine.unready_because
            with pytest.raises(EngineUnavailable, match="the engine fails"):
                await ask(engine, pool, stage)
            calls = fault.calls
            await until(lambda: fault.calls > calls)
            assert not engine.ready
        await until(lambda: engine.ready)
        assert_same(
            (await engine.generate([pool[GROUNDED].prompt], pool[GROUNDED].visual))[0], alone[2]
        )
        assert engine._generator.busy == 0 and engine._generator.free == 32


@pytest.mark.parametrize("first", [1, 2, 3])
@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "visual graph"])
async def test_one_fault_fails_at_most_one_answer(
    tiny_bundle: Bundle,
    pool: list[GenerateJob],
    alone: list[Answer],
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    first: int,
) -> None:
    owner, name = STAGES[stage]
    async with running(tiny_bundle) as engine:
        monkeypatch.setattr(owner, name, Fault(getattr(owner, name), first, 1).method())
        asked = [engine.generate([job.prompt], job.visual) for job in pool]
        answered = await asyncio.gather(*asked, return_exceptions=True)
        failed = [answer for answer in answered if isinstance(answer, BaseException)]
        assert len(failed) <= 1
        for answer, expected in zip(answered, alone, strict=True):
            if not isinstance(answer, BaseException):
                assert_same(answer[0], expected)
        for job, expected in zip(pool, alone, strict=True):
            assert_same((await engine.generate([job.prompt], job.visual))[0], expected)
        assert engine.ready and engine._generator.busy == 0


async def test_a_lost_sequence_is_detected_at_once(
    tiny_bundle: Bundle,
    pool: list[GenerateJob],
    alone: list[Answer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lost, step = list[int](), BatchDecoder.step

    def lose(self: BatchDecoder) -> Any:
        ended = step(self)
        if not lost and len(self._sequences) > 1:  # alone, its job would fail
            lost.append(1)
            self._sequences.pop()
        return ended

    async with running(tiny_bundle) as engine:
        # after warm-up, which would fail
        monkeypatch.setattr(BatchDecoder, "step", lose)
        asked = [engine.generate([job.prompt], job.visual) for job in pool]
        for (answer,), expected in zip(await asyncio.gather(*asked), alone, strict=True):
            assert_same(answer, expected)
        assert lost
