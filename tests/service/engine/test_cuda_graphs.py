from __future__ import annotations

import logging
import threading

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from service.engine.cuda_graphs import (
    MAX_GRAPHS,
    CudaGraphCache,
    GraphRecorder,
    Inputs,
    Work,
    recorder_for,
)
from service.engine.kv_slots import KVCacheSlots
from tests.service.engine.test_sampler import CASES, LENGTH, STEPS
from tests.support.decoding import FusedPrompt, batch_memory

CASE = CASES["copying"]


def no_recording(work: Work) -> Work:
    """A recorder for machines without a GPU: the replay computes the step again."""
    return work


def filled(record: bool, prompts: list[FusedPrompt], slots: int = 9) -> KVCacheSlots:
    made = KVCacheSlots(CASE.decoder, slots, STEPS, LENGTH, no_recording if record else None)
    lengths = [prompt.length for prompt in prompts]
    made.capture()
    made.fill(batch_memory(prompts), range(len(prompts)), lengths)
    return made


@given(
    st.lists(st.integers(0, 8), min_size=1, max_size=7),
    st.lists(st.lists(st.integers(1, 60), min_size=7, max_size=7), min_size=1, max_size=40),
)
@settings(max_examples=15)
@torch.inference_mode()
def test_replayed_steps_equal_computed_steps(chosen: list[int], rows: list[list[int]]) -> None:
    prompts = [CASE.prompts[i % len(CASE.prompts)] for i in chosen]
    plain, recorded = filled(False, prompts), filled(True, prompts)
    for row in rows[: STEPS - 1]:
        tokens = [[token] for token in row[: len(prompts)]]
        torch.testing.assert_close(recorded.step(tokens), plain.step(tokens), atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_graphs_work_after_slots_are_released_and_filled() -> None:
    prompts = CASE.prompts[:5]
    plain, recorded = filled(False, prompts), filled(True, prompts)
    for slots in (plain, recorded):
        slots.step([[1], [2], [3], [4], [5]])
        slots.step([[1, 2, 3], [2], [3], [4, 1], [5]])  # several tokens per slot are never recorded
        slots.release(1)
        slots.step([[6], [7], [8], [9]])
        slots.fill(batch_memory(prompts[1:2]), [0], [prompts[1].length])
    tokens = [[3], [4], [5], [6], [7]]
    torch.testing.assert_close(recorded.step(tokens), plain.step(tokens), atol=1e-4, rtol=1e-4)


def graphs_of(record: GraphRecorder, slots: int = 6) -> CudaGraphCache:
    """Graphs of steps whose states are their inputs times the length of prompts."""

    def step(inputs: Inputs, length: int) -> Tensor:
        return inputs.values.T.float() * length

    return CudaGraphCache(record, step, slots, 100, 200, torch.device("cpu"))


def test_graphs_are_recorded_by_capture_only() -> None:
    made: list[Work] = []

    def record(work: Work) -> Work:
        made.append(work)
        return work

    graphs = graphs_of(record)
    assert graphs.replay([1], [1], [0], 5) is None and not made
    graphs.capture()
    before = len(made)
    for slots, position, length in ((3, 0, 5), (4, 31, 64), (3, 64, 64), (5, 3, 129), (6, 99, 200)):
        tokens = list(range(slots)), [1] * slots, [position] * slots
        states = graphs.replay(*tokens, length)
        assert states is not None and states.shape == (slots, 3)
        read = 128 if length <= 128 else 200
        assert states[:, 0].tolist() == [token * read for token in range(slots)]
        assert set(states[:, 2].tolist()) == {position * read}
    assert len(made) == before


@pytest.mark.parametrize("slots", [1, 6, 32, 500])
def test_the_number_of_graphs_is_limited(slots: int) -> None:
    made: list[Work] = []

    def record(work: Work) -> Work:
        made.append(work)
        return work

    graphs = graphs_of(record, slots)
    graphs.capture()
    assert 4 <= len(made) <= MAX_GRAPHS
    assert graphs.replay([0] * slots, [0] * slots, [99] * slots, 200) is not None
    assert graphs.replay([0], [0], [0], 1) is not None


def test_a_failed_recording_is_repeated_and_does_not_affect_others() -> None:
    tries: list[int] = []

    def record(work: Work) -> Work:
        tries.append(len(work()))
        if len(tries) == 1 or tries[-1] == 4:
            raise RuntimeError("operation not permitted when stream is capturing")
        return work

    graphs = graphs_of(record)
    graphs.capture()
    assert tries[:2] == [6, 6] and tries.count(4) == 8
    for slots in (1, 2, 4, 6):
        assert graphs.replay([0] * slots, [0] * slots, [0] * slots, 1) is not None


def test_the_lock_is_held_during_recording() -> None:
    lock, held = threading.Lock(), list[bool]()

    def record(work: Work) -> Work:
        held.append(lock.locked())
        return work

    graphs = CudaGraphCache(
        record, lambda inputs, _: inputs.values.T.float(), 2, 9, 9, torch.device("cpu"), lock
    )
    graphs.capture()
    assert held and all(held) and not lock.locked()


@pytest.mark.parametrize("fault", ["raises", "is wrong"])
@torch.inference_mode()
def test_steps_are_computed_where_recording_fails(
    fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    def record(work: Work) -> Work:
        if fault == "raises":
            raise RuntimeError("not on this device")
        return lambda: work() + 1.0

    prompts = CASE.prompts[:3]
    plain, broken = filled(False, prompts), KVCacheSlots(CASE.decoder, 3, STEPS, LENGTH, record)
    with caplog.at_level(logging.WARNING):
        broken.capture()
    broken.fill(batch_memory(prompts), range(3), [prompt.length for prompt in prompts])
    for tokens in ([[1], [2], [3]], [[4], [5], [6]]):
        torch.testing.assert_close(broken.step(tokens), plain.step(tokens))
    assert "decoder steps are not recorded" in caplog.text


def test_the_cpu_has_no_recorder() -> None:
    assert recorder_for(torch.device("cpu")) is None
    assert recorder_for(torch.device("cuda")) is not None
