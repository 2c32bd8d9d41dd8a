from __future__ import annotations

import logging
import threading

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.running import Asked, together
from torch import Tensor

from service.engine.cuda_graphs import (
    MOST_RECORDINGS,
    CudaGraphCache,
    GraphRecorder,
    Inputs,
    Work,
    recorder_for,
)
from service.engine.kv_slots import KVCacheSlots
from tests.service.engine.test_sampler import LENGTH, STEPS, WORLDS

WORLD = WORLDS["copying"]


def as_it_is(work: Work) -> Work:
    """Does the same again, in the same memory: what a recording does, without a GPU."""
    return work


def filled(record: bool, asked: list[Asked], slots: int = 9) -> KVCacheSlots:
    made = KVCacheSlots(WORLD.decoder, slots, STEPS, LENGTH, as_it_is if record else None)
    lengths = [one.length for one in asked]
    made.capture()
    made.fill(together(asked), range(len(asked)), lengths)
    return made


@given(
    st.lists(st.integers(0, 8), min_size=1, max_size=7),
    st.lists(st.lists(st.integers(1, 60), min_size=7, max_size=7), min_size=1, max_size=40),
)
@settings(max_examples=15)
@torch.inference_mode()
def test_recorded_steps_are_steps(chosen: list[int], said: list[list[int]]) -> None:
    asked = [WORLD.asked[i % len(WORLD.asked)] for i in chosen]
    plain, recorded = filled(False, asked), filled(True, asked)
    for tokens in said[: STEPS - 1]:
        told = [[token] for token in tokens[: len(asked)]]
        torch.testing.assert_close(recorded.step(told), plain.step(told), atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_slots_that_leave_and_enter_are_no_matter() -> None:
    asked = WORLD.asked[:5]
    plain, recorded = filled(False, asked), filled(True, asked)
    for slots in (plain, recorded):
        slots.step([[1], [2], [3], [4], [5]])
        slots.step([[1, 2, 3], [2], [3], [4, 1], [5]])  # several at once are never recorded
        slots.release(1)
        slots.step([[6], [7], [8], [9]])
        slots.fill(together(asked[1:2]), [0], [asked[1].length])
    told = [[3], [4], [5], [6], [7]]
    torch.testing.assert_close(recorded.step(told), plain.step(told), atol=1e-4, rtol=1e-4)


def recordings_of(record: GraphRecorder, slots: int = 6) -> CudaGraphCache:
    """Of steps whose states are their inputs, times how far prompts are read."""

    def step(inputs: Inputs, length: int) -> Tensor:
        return inputs.values.T.float() * length

    return CudaGraphCache(record, step, slots, 100, 200, torch.device("cpu"))


def test_recordings_are_made_beforehand_and_never_by_a_step() -> None:
    made: list[Work] = []

    def record(work: Work) -> Work:
        made.append(work)
        return work

    recordings = recordings_of(record)
    assert recordings.play([1], [1], [0], 5) is None and not made
    recordings.capture()
    before = len(made)
    for slots, place, length in ((3, 0, 5), (4, 31, 64), (3, 64, 64), (5, 3, 129), (6, 99, 200)):
        told = list(range(slots)), [1] * slots, [place] * slots
        states = recordings.play(*told, length)
        assert states is not None and states.shape == (slots, 3)
        read = 128 if length <= 128 else 200
        assert states[:, 0].tolist() == [token * read for token in range(slots)]
        assert set(states[:, 2].tolist()) == {place * read}
    assert len(made) == before


@pytest.mark.parametrize("slots", [1, 6, 32, 500])
def test_there_are_no_more_recordings_than_the_bound(slots: int) -> None:
    made: list[Work] = []

    def record(work: Work) -> Work:
        made.append(work)
        return work

    recordings = recordings_of(record, slots)
    recordings.capture()
    assert 4 <= len(made) <= MOST_RECORDINGS
    assert recordings.play([0] * slots, [0] * slots, [99] * slots, 200) is not None
    assert recordings.play([0], [0], [0], 1) is not None


def test_a_recording_that_fails_is_tried_again_and_costs_no_other() -> None:
    tries: list[int] = []

    def record(work: Work) -> Work:
        tries.append(len(work()))
        if len(tries) == 1 or tries[-1] == 4:
            raise RuntimeError("operation not permitted when stream is capturing")
        return work

    recordings = recordings_of(record)
    recordings.capture()
    assert tries[:2] == [6, 6] and tries.count(4) == 8
    for slots in (1, 2, 4, 6):
        assert recordings.play([0] * slots, [0] * slots, [0] * slots, 1) is not None


def test_while_a_recording_is_made_the_lock_is_held() -> None:
    lock, held = threading.Lock(), list[bool]()

    def record(work: Work) -> Work:
        held.append(lock.locked())
        return work

    recordings = CudaGraphCache(
        record, lambda inputs, _: inputs.values.T.float(), 2, 9, 9, torch.device("cpu"), lock
    )
    recordings.capture()
    assert held and all(held) and not lock.locked()


@pytest.mark.parametrize("fault", ["raises", "is wrong"])
@torch.inference_mode()
def test_where_nothing_can_be_recorded_steps_are_computed(
    fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    def record(work: Work) -> Work:
        if fault == "raises":
            raise RuntimeError("not on this device")
        return lambda: work() + 1.0

    asked = WORLD.asked[:3]
    plain, broken = filled(False, asked), KVCacheSlots(WORLD.decoder, 3, STEPS, LENGTH, record)
    with caplog.at_level(logging.WARNING):
        broken.capture()
    broken.fill(together(asked), range(3), [one.length for one in asked])
    for told in ([[1], [2], [3]], [[4], [5], [6]]):
        torch.testing.assert_close(broken.step(told), plain.step(told))
    assert "decoder steps are not recorded" in caplog.text


def test_the_cpu_has_nothing_to_win_by_it() -> None:
    assert recorder_for(torch.device("cpu")) is None
    assert recorder_for(torch.device("cuda")) is not None
