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


def test_a_heartbeat_is_stuck_until_the_next_update(clock: Clock) -> None:
    heartbeat = Heartbeat(2.0)
    heartbeat.end_warmup()
    clock.now += 1.9
    assert not heartbeat.stuck and heartbeat.age_s == pytest.approx(1.9)
    clock.now += 0.2
    assert heartbeat.stuck
    heartbeat.update()
    assert not heartbeat.stuck and heartbeat.age_s == 0.0


def test_there_is_no_timeout_during_warmup(clock: Clock) -> None:
    heartbeat = Heartbeat(2.0)
    heartbeat.update()
    clock.now += 1000
    assert not heartbeat.stuck


def test_the_timeout_of_a_call_follows_measured_durations(clock: Clock) -> None:
    heartbeat = Heartbeat(2.0)
    for seconds in (3.0, 1.0, 1.5):  # at least 0.1 s per unit
        with heartbeat.native_call("fusion", 10):
            clock.now += seconds
    heartbeat.end_warmup()
    with heartbeat.native_call("fusion", 5):
        clock.now += 9.9  # twenty times 0.5 s
        assert not heartbeat.stuck
        clock.now += 0.2
        assert heartbeat.stuck
    assert not heartbeat.stuck
    with heartbeat.native_call("visual", 5):  # no duration is known
        clock.now += 2.1
        assert heartbeat.stuck
    clock.now += 1.9
    assert not heartbeat.stuck


def test_a_short_call_has_the_least_timeout(clock: Clock) -> None:
    heartbeat = Heartbeat(2.0)
    with heartbeat.native_call("step", 1):
        clock.now += 0.001
    heartbeat.end_warmup()
    with heartbeat.native_call("step", 1):
        clock.now += 1.9
        assert not heartbeat.stuck


def test_a_call_that_raises_has_ended(clock: Clock) -> None:
    heartbeat = Heartbeat(2.0)
    heartbeat.end_warmup()
    with pytest.raises(KeyError), heartbeat.native_call("step", 1):
        clock.now += 5.0
        raise KeyError
    assert not heartbeat.stuck


class Idle:
    """A thread that does nothing until it is released."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.thread = threading.Thread(target=self.release.wait, args=(30,), name="monitored")
        self.thread.start()


@pytest.fixture
def monitored(monkeypatch: pytest.MonkeyPatch) -> Iterator[Idle]:
    monkeypatch.setattr(module, "_CHECK_S", 0.005)
    monitored = Idle()
    yield monitored
    monitored.release.set()
    monitored.thread.join()


@pytest.fixture
def watch(monitored: Idle) -> Iterator[Callable[[Heartbeat], threading.Event]]:
    """Starts a watchdog; returns the event that it sets."""
    watchdogs: list[Watchdog] = []

    def watch(heartbeat: Heartbeat) -> threading.Event:
        called = threading.Event()
        watchdogs.append(Watchdog(monitored.thread, heartbeat, called.set))
        watchdogs[-1].start()
        return called

    yield watch
    for watchdog in watchdogs:
        watchdog.stop()


def test_a_stuck_thread_is_reported_once_and_handled_at_every_check(
    monitored: Idle,
    watch: Callable[[Heartbeat], threading.Event],
    caplog: pytest.LogCaptureFixture,
) -> None:
    heartbeat = Heartbeat(0.02)
    heartbeat.end_warmup()
    called = watch(heartbeat)
    for _ in range(2):
        assert called.wait(10)
        called.clear()
    assert "no heartbeat from monitored" in caplog.text and "self.release" not in caplog.text
    assert caplog.text.count("no heartbeat") == 1
    assert "wait" in caplog.text  # the stack


def test_a_dead_thread_is_handled(
    monitored: Idle,
    watch: Callable[[Heartbeat], threading.Event],
    caplog: pytest.LogCaptureFixture,
) -> None:
    called = watch(Heartbeat(60.0))
    assert not called.wait(0.03)
    monitored.release.set()
    assert called.wait(10)
    assert "it has died" in caplog.text


def test_a_finished_thread_is_not_dead(
    monitored: Idle, watch: Callable[[Heartbeat], threading.Event]
) -> None:
    heartbeat = Heartbeat(0.02)
    heartbeat.end_warmup()
    heartbeat.finish()
    called = watch(heartbeat)
    monitored.release.set()
    monitored.thread.join()
    assert not called.wait(0.1)


def test_a_thread_that_responds_again_is_reported(
    watch: Callable[[Heartbeat], threading.Event], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    heartbeat = Heartbeat(0.02)
    heartbeat.end_warmup()
    assert watch(heartbeat).wait(10)
    with heartbeat.native_call("step", 1):
        heartbeat.stuck_s = 60.0
    heartbeat.update()
    for _ in range(1000):
        if "monitored responds again" in caplog.text:
            break
        threading.Event().wait(0.01)
    assert "monitored responds again" in caplog.text
