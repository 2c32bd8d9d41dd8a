from __future__ import annotations

import logging

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from service.engine.recording import Inputs, Recordings, Work, recorder_for
from service.engine.slots import Slots
from tests.service.engine.test_speaker import LENGTH, STEPS, WORLDS
from tests.support.speaking import Asked, together

WORLD = WORLDS["copying"]


def as_it_is(work: Work) -> Work:
    """Does the same again, in the same memory: what a recording does, without a GPU."""
    return work


def filled(record: bool, asked: list[Asked], slots: int = 9) -> Slots:
    made = Slots(WORLD.decoder, slots, STEPS, LENGTH, as_it_is if record else None)
    lengths = [one.length for one in asked]
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


def test_a_recording_is_made_once_for_like_shapes() -> None:
    made: list[Work] = []

    def record(work: Work) -> Work:
        made.append(work)
        return work

    def step(inputs: Inputs, length: int) -> Tensor:
        return inputs.values.T.float() * length

    recordings = Recordings(record, step, 6, 40, 100, torch.device("cpu"))
    for slots, place, length in ((3, 0, 5), (4, 31, 64), (3, 32, 64), (5, 3, 65), (6, 39, 100)):
        told = list(range(slots)), [1] * slots, [place] * slots
        states = recordings.play(*told, length)
        assert states is not None and states.shape == (slots, 3)
        read = 64 if length <= 64 else 100
        assert states[:, 0].tolist() == [token * read for token in range(slots)]
        assert set(states[:, 2].tolist()) == {place * read}
    assert len(made) == 4


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
    plain, broken = filled(False, asked), Slots(WORLD.decoder, 3, STEPS, LENGTH, record)
    broken.fill(together(asked), range(3), [one.length for one in asked])
    with caplog.at_level(logging.WARNING):
        for told in ([[1], [2], [3]], [[4], [5], [6]]):
            torch.testing.assert_close(broken.step(told), plain.step(told))
    assert caplog.text.count("cannot be recorded") == 1


def test_the_cpu_has_nothing_to_win_by_it() -> None:
    assert recorder_for(torch.device("cpu")) is None
    assert recorder_for(torch.device("cuda")) is not None
