"""Heartbeats of the engine's threads, and the watchdogs that check them."""

from __future__ import annotations

import logging
import math
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

_CHECK_S = 0.25
_TIMEOUT_FACTOR = 20
"""How many times its shortest known duration a native call may take on a busy machine."""


class Heartbeat:
    """The heartbeat of one thread, which the thread updates whenever it can.

    It cannot during a native call. Warm-up measures the shortest duration of a call per unit of
    work; later a call may take `_TIMEOUT_FACTOR` times as long, and always `stuck_s`. Until
    `end_warmup` there is no timeout.

    Args:
        stuck_s: seconds without an update after which the thread counts as stuck.
        seconds_per_unit: the shortest known duration per unit of work, by stage; threads that do
            the same work share it.
    """

    def __init__(self, stuck_s: float, seconds_per_unit: dict[str, float] | None = None) -> None:
        self.stuck_s = stuck_s
        self._warming_up = True
        self._seconds_per_unit = {} if seconds_per_unit is None else seconds_per_unit
        self._last = time.monotonic()
        self._timeout_at = math.inf
        self.finished = False

    @property
    def age_s(self) -> float:
        """Seconds since the last update."""
        return time.monotonic() - self._last

    @property
    def stuck(self) -> bool:
        """Whether the thread has not updated its heartbeat in time."""
        return time.monotonic() > self._timeout_at

    def update(self) -> None:
        """Record that the thread runs."""
        self._last = time.monotonic()
        if not self._warming_up:
            self._timeout_at = self._last + self.stuck_s

    def end_warmup(self) -> None:
        """Stop measuring durations and start to apply timeouts."""
        self._warming_up = False
        self.update()

    def finish(self) -> None:
        """Apply no timeout any more: the thread ends, as its work is complete."""
        self._timeout_at = math.inf
        self.finished = True

    @contextmanager
    def native_call(self, stage: str, units: int) -> Iterator[None]:
        """Enclose a native call.

        Args:
            stage: the kind of work.
            units: the amount of work, in units of the stage.
        """
        self.update()
        started = self._last
        if not self._warming_up:
            allowed = _TIMEOUT_FACTOR * self._seconds_per_unit.get(stage, 0.0) * units
            self._timeout_at = started + max(self.stuck_s, allowed)
        try:
            yield
        finally:
            self.update()
            if self._warming_up:
                measured = (self._last - started) / units
                known = self._seconds_per_unit.get(stage, measured)
                self._seconds_per_unit[stage] = min(known, measured)


class Heartbeats:
    """The heartbeats of an engine: one per encoder lane, and that of the decoder thread.

    They share the measured durations.

    Args:
        stuck_s: seconds without an update after which a thread counts as stuck.
        lanes: the number of encoder lanes.
    """

    def __init__(self, stuck_s: float, lanes: int = 1) -> None:
        seconds_per_unit: dict[str, float] = {}
        self.lanes = [Heartbeat(stuck_s, seconds_per_unit) for _ in range(lanes)]
        self.decoder = Heartbeat(stuck_s, seconds_per_unit)

    @property
    def age_s(self) -> float:
        """Seconds since the last update of the oldest heartbeat."""
        return max(heartbeat.age_s for heartbeat in (*self.lanes, self.decoder))

    def end_warmup(self) -> None:
        """Stop measuring durations and start to apply timeouts."""
        for heartbeat in (*self.lanes, self.decoder):
            heartbeat.end_warmup()


class Watchdog:
    """Checks one thread, and calls `on_stuck` while the thread is stuck or has died.

    It calls `on_stuck` at every check as long as that lasts, since new jobs may have arrived.

    Args:
        monitored: the thread to check.
        heartbeat: the heartbeat of that thread.
        on_stuck: fails the pending jobs.
    """

    def __init__(
        self, monitored: threading.Thread, heartbeat: Heartbeat, on_stuck: Callable[[], None]
    ) -> None:
        self._monitored, self._heartbeat, self._on_stuck = monitored, heartbeat, on_stuck
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Start checking. The monitored thread must have been started."""
        self._thread.start()

    def stop(self) -> None:
        """Stop checking."""
        self._stopped.set()

    def _run(self) -> None:
        was_stuck = False
        while not self._stopped.wait(_CHECK_S):
            dead = not self._monitored.is_alive() and not self._heartbeat.finished
            stuck = self._heartbeat.stuck or dead
            if stuck and not was_stuck:
                log.error("no heartbeat from %s for %.1f s\n%s", *self._report())
            if was_stuck and not stuck:
                log.warning("%s responds again", self._monitored.name)
            if stuck:
                self._on_stuck()
            was_stuck = stuck

    def _report(self) -> tuple[str, float, str]:
        """The thread's name, its heartbeat's age and its stack."""
        frame = sys._current_frames().get(self._monitored.ident or 0)
        stack = "".join(traceback.format_stack(frame)) if frame is not None else "it has died"
        return self._monitored.name, self._heartbeat.age_s, stack
