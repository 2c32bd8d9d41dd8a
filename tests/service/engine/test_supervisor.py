from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

import pytest

from service.engine import supervisor as module
from service.engine.supervisor import Heart, Watchdog


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_a_heart_falls_silent_and_beats_again(clock: Clock) -> None:
    heart = Heart(2.0)
    heart.settle()
    clock.now += 1.9
    assert not heart.silent and heart.age_s == pytest.approx(1.9)
    clock.now += 0.2
    assert heart.silent
    heart.beat()
    assert not heart.silent and heart.age_s == 0.0


def test_until_it_has_settled_nothing_takes_too_long(clock: Clock) -> None:
    heart = Heart(2.0)
    heart.beat()
    clock.now += 1000
    assert not heart.silent


def test_work_may_be_silent_for_as_long_as_was_learnt(clock: Clock) -> None:
    heart = Heart(2.0)
    for seconds in (3.0, 1.0, 1.5):  # 0.1 s a unit at best
        with heart.at_work("fusion", 10):
            clock.now += seconds
    heart.settle()
    with heart.at_work("fusion", 5):
        clock.now += 9.9  # twenty times 0.5 s
        assert not heart.silent
        clock.now += 0.2
        assert heart.silent
    assert not heart.silent
    with heart.at_work("visual", 5):  # nothing is known of it
        clock.now += 2.1
        assert heart.silent
    clock.now += 1.9
    assert not heart.silent


def test_short_work_has_the_least_allowance(clock: Clock) -> None:
    heart = Heart(2.0)
    with heart.at_work("step", 1):
        clock.now += 0.001
    heart.settle()
    with heart.at_work("step", 1):
        clock.now += 1.9
        assert not heart.silent


def test_work_that_fails_is_over_too(clock: Clock) -> None:
    heart = Heart(2.0)
    heart.settle()
    with pytest.raises(KeyError), heart.at_work("step", 1):
        clock.now += 5.0
        raise KeyError
    assert not heart.silent


class Patient:
    """A thread that does nothing until it is let go."""

    def __init__(self) -> None:
        self.leave = threading.Event()
        self.thread = threading.Thread(target=self.leave.wait, args=(30,), name="patient")
        self.thread.start()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    monkeypatch.setattr(module, "_LISTEN_S", 0.005)
    patient = Patient()
    yield patient
    patient.leave.set()
    patient.thread.join()


@pytest.fixture
def listen(patient: Patient) -> Iterator[Callable[[Heart], threading.Event]]:
    """Has a watchdog listen; what is set when it heard silence."""
    dogs: list[Watchdog] = []

    def listen(heart: Heart) -> threading.Event:
        heard = threading.Event()
        dogs.append(Watchdog(patient.thread, heart, heard.set))
        dogs[-1].start()
        return heard

    yield listen
    for dog in dogs:
        dog.stop()


def test_silence_is_heard_again_and_again_until_the_heart_beats(
    patient: Patient,
    listen: Callable[[Heart], threading.Event],
    caplog: pytest.LogCaptureFixture,
) -> None:
    heart = Heart(0.02)
    heart.settle()
    heard = listen(heart)
    for _ in range(2):
        assert heard.wait(10)
        heard.clear()
    assert "no sign of life from patient" in caplog.text and "self.leave" not in caplog.text
    assert caplog.text.count("no sign of life") == 1
    assert "wait" in caplog.text  # where it stands


def test_a_dead_thread_is_heard(
    patient: Patient,
    listen: Callable[[Heart], threading.Event],
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard = listen(Heart(60.0))
    assert not heard.wait(0.03)
    patient.leave.set()
    assert heard.wait(10)
    assert "it is dead" in caplog.text


def test_a_thread_that_has_done_its_work_is_not_dead(
    patient: Patient, listen: Callable[[Heart], threading.Event]
) -> None:
    heart = Heart(0.02)
    heart.settle()
    heart.rest()
    heard = listen(heart)
    patient.leave.set()
    patient.thread.join()
    assert not heard.wait(0.1)


def test_who_goes_on_is_told_of(
    listen: Callable[[Heart], threading.Event], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    heart = Heart(0.02)
    heart.settle()
    assert listen(heart).wait(10)
    with heart.at_work("step", 1):
        heart.stuck_s = 60.0
    heart.beat()
    for _ in range(1000):
        if "patient goes on" in caplog.text:
            break
        threading.Event().wait(0.01)
    assert "patient goes on" in caplog.text
