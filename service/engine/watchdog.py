"""Whether the engine's threads live: their heartbeats, and who listens to them."""

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

_LISTEN_S = 0.25
_PATIENCE = 20
"""How many times as long as at best a native call may take on a machine that is busy."""


class Heartbeat:
    """The sign of life that a thread gives whenever it can.

    Native calls give none. What they take at best is learnt at warm-up by the unit of work, and a
    call may be silent `_PATIENCE` times as long, `stuck_s` at the least. Until `settle` nothing
    takes too long.
    """

    def __init__(self, stuck_s: float, paces: dict[str, float] | None = None) -> None:
        self.stuck_s = stuck_s
        self._learning = True
        self._paces = {} if paces is None else paces
        self._last = time.monotonic()
        self._until = math.inf
        self.at_rest = False

    @property
    def age_s(self) -> float:
        """Seconds since the last beat."""
        return time.monotonic() - self._last

    @property
    def silent(self) -> bool:
        """Whether it has been still for longer than what was going on explains."""
        return time.monotonic() > self._until

    def beat(self) -> None:
        """Be alive."""
        self._last = time.monotonic()
        if not self._learning:
            self._until = self._last + self.stuck_s

    def settle(self) -> None:
        """Be measured from now on by what was learnt."""
        self._learning = False
        self.beat()

    def rest(self) -> None:
        """Be silent from now on, since the thread has done all it had to do."""
        self._until = math.inf
        self.at_rest = True

    @contextmanager
    def at_work(self, stage: str, units: int) -> Iterator[None]:
        """A native call with so many units of a stage's work."""
        self.beat()
        started = self._last
        if not self._learning:
            allowed = _PATIENCE * self._paces.get(stage, 0.0) * units
            self._until = started + max(self.stuck_s, allowed)
        try:
            yield
        finally:
            self.beat()
            if self._learning:
                pace = (self._last - started) / units
                self._paces[stage] = min(self._paces.get(stage, pace), pace)


class Heartbeats:
    """Of an engine's threads: one a lane, which look and fuse, and the one that writes.

    What a kind of work takes is learnt in one lane and known in all.
    """

    def __init__(self, stuck_s: float, lanes: int = 1) -> None:
        paces: dict[str, float] = {}
        self.lanes = [Heartbeat(stuck_s, paces) for _ in range(lanes)]
        self.writing = Heartbeat(stuck_s, paces)

    @property
    def age_s(self) -> float:
        """Seconds since the last beat of the one that has been still for the longest."""
        return max(heartbeat.age_s for heartbeat in (*self.lanes, self.writing))

    def settle(self) -> None:
        """Be measured from now on by what was learnt."""
        for heartbeat in (*self.lanes, self.writing):
            heartbeat.settle()


class Watchdog:
    """Listens to a thread's heartbeat and calls `on_silence` whenever it falls silent, or dies.

    `on_silence` is called again and again for as long as that lasts, since others may yet ask.
    """

    def __init__(
        self, patient: threading.Thread, heartbeat: Heartbeat, on_silence: Callable[[], None]
    ) -> None:
        self._patient, self._heart, self._on_silence = patient, heartbeat, on_silence
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to listen; the patient must have been started."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._stopped.set()

    def _listen(self) -> None:
        was_silent = False
        while not self._stopped.wait(_LISTEN_S):
            dead = not self._patient.is_alive() and not self._heart.at_rest
            silent = self._heart.silent or dead
            if silent and not was_silent:
                log.error("no sign of life from %s for %.1f s\n%s", *self._findings())
            if was_silent and not silent:
                log.warning("%s goes on", self._patient.name)
            if silent:
                self._on_silence()
            was_silent = silent

    def _findings(self) -> tuple[str, float, str]:
        frame = sys._current_frames().get(self._patient.ident or 0)
        where = "".join(traceback.format_stack(frame)) if frame is not None else "it is dead"
        return self._patient.name, self._heart.age_s, where
