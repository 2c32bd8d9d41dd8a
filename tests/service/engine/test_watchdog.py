from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

import pytest

from service.engine import watchdog as module
from service.engine.watchdog import Heartbeat, Watchdog


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
    heartbeat = Heartbeat(2.0)
    heartbeat.settle()
    clock.now += 1.9
    assert not heartbeat.silent and heartbeat.age_s == pytest.approx(1.9)
    clock.now += 0.2
    assert heartbeat.silent
    heartbeat.beat()
    assert not heartbeat.silent and heartbeat.age_s == 0.0


def test_until_it_has_settled_nothing_takes_too_long(clock: Clock) -> None:
    heartbeat = Heartbeat(2.0)
    heartbeat.beat()
    clock.now += 1000
    assert not heartbeat.silent


def test_work_may_be_silent_for_as_long_as_was_learnt(clock: Clock) -> None:
    heartbeat = Heartbeat(2.0)
    for seconds in (3.0, 1.0, 1.5):  # 0.1 s a unit at best
        with heartbeat.at_work("fusion", 10):
            clock.now += seconds
    heartbeat.settle()
    with heartbeat.at_work("fusion", 5):
        clock.now += 9.9  # twenty times 0.5 s
        assert not heartbeat.silent
        clock.now += 0.2
        assert heartbeat.silent
    assert not heartbeat.silent
    with heartbeat.at_work("visual", 5):  # nothing is known of it
        clock.now += 2.1
        assert heartbeat.silent
    clock.now += 1.9
    assert not heartbeat.silent


def test_short_work_has_the_least_allowance(clock: Clock) -> None:
    heartbeat = Heartbeat(2.0)
    with heartbeat.at_work("step", 1):
        clock.now += 0.001
    heartbeat.settle()
    with heartbeat.at_work("step", 1):
        clock.now += 1.9
        assert not heartbeat.silent


def test_work_that_fails_is_over_too(clock: Clock) -> None:
    heartbeat = Heartbeat(2.0)
    heartbeat.settle()
    with pytest.raises(KeyError), heartbeat.at_work("step", 1):
        clock.now += 5.0
        raise KeyError
    assert not heartbeat.silent


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
def listen(patient: Patient) -> Iterator[Callable[[Heartbeat], threading.Event]]:
    """Has a watchdog listen; what is set when it heard silence."""
    dogs: list[Watchdog] = []

    def listen(heartbeat: Heartbeat) -> threading.Event:
        heard = threading.Event()
        dogs.append(Watchdog(patient.thread, heartbeat, heard.set))
        dogs[-1].start()
        return heard

    yield listen
    for dog in dogs:
        dog.stop()


def test_silence_is_heard_again_and_again_until_the_heart_beats(
    patient: Patient,
    listen: Callable[[Heartbeat], threading.Event],
    caplog: pytest.LogCaptureFixture,
) -> None:
    heartbeat = Heartbeat(0.02)
    heartbeat.settle()
    heard = listen(heartbeat)
    for _ in range(2):
        assert heard.wait(10)
        heard.clear()
    assert "no sign of life from patient" in caplog.text and "self.leave" not in caplog.text
    assert caplog.text.count("no sign of life") == 1
    assert "wait" in caplog.text  # where it stands


def test_a_dead_thread_is_heard(
    patient: Patient,
    listen: Callable[[Heartbeat], threading.Event],
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard = listen(Heartbeat(60.0))
    assert not heard.wait(0.03)
    patient.leave.set()
    assert heard.wait(10)
    assert "it is dead" in caplog.text


def test_a_thread_that_has_done_its_work_is_not_dead(
    patient: Patient, listen: Callable[[Heartbeat], threading.Event]
) -> None:
    heartbeat = Heartbeat(0.02)
    heartbeat.settle()
    heartbeat.rest()
    heard = listen(heartbeat)
    patient.leave.set()
    patient.thread.join()
    assert not heard.wait(0.1)


def test_who_goes_on_is_told_of(
    listen: Callable[[Heartbeat], threading.Event], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    heartbeat = Heartbeat(0.02)
    heartbeat.settle()
    assert listen(heartbeat).wait(10)
    with heartbeat.at_work("step", 1):
        heartbeat.stuck_s = 60.0
    heartbeat.beat()
    for _ in range(1000):
        if "patient goes on" in caplog.text:
            break
        threading.Event().wait(0.01)
    assert "patient goes on" in caplog.text
