"""Health of the engine: counts failures in a row, and probes until jobs succeed again."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from tasks.errors import UMIEError

log = logging.getLogger(__name__)

MAX_FAILURES = 3
"""At so many failures of one stage in a row the engine becomes unready."""

_PAUSE_S = 1.0
"""Seconds between a failed probe and the next."""


class Stage(StrEnum):
    """The stages whose failures are counted separately."""

    VISUAL = "pictures"
    ANSWER = "prompts"


class Health:
    """Counts failures in a row, each of a job that was tried alone. Thread-safe.

    At `MAX_FAILURES` a stage counts as failing, until a probe succeeds.
    """

    def __init__(self) -> None:
        self._failures: Counter[Stage] = Counter()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._failing: Stage | None = None
        self._stopped = False

    @property
    def failing(self) -> Stage | None:
        """The stage that counts as failing; None where none does."""
        return self._failing

    def succeeded(self, stage: Stage) -> None:
        """Record that a job of this stage succeeded."""
        with self._lock:
            self._failures[stage] = 0

    def failed(self, stage: Stage, error: BaseException) -> None:
        """Record that a job of this stage failed. `UMIEError` does not count as a failure."""
        if isinstance(error, UMIEError):
            return
        with self._lock:
            self._failures[stage] += 1
            if self._failures[stage] < MAX_FAILURES or self._failing is not None:
                return
            self._failing = stage
            self._changed.notify_all()
        log.error("%d %s in a row failed; not ready until a probe succeeds", MAX_FAILURES, stage)

    def recover(self) -> None:
        """Record that a probe of all stages succeeded."""
        with self._lock:
            self._failures.clear()
            self._failing = None
        log.warning("a probe succeeded; the engine accepts jobs again")

    def wait(self) -> bool:
        """Block until a stage fails. Return False once `stop` was called."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._failing is not None)
            return not self._stopped

    def stop(self) -> None:
        """End all calls of `wait`."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()


class Prober:
    """A thread that calls `probe` when a stage fails, and again until it succeeds.

    Args:
        health: where failures are counted.
        probe: sends jobs through all stages; raises where one fails.
    """

    def __init__(self, health: Health, probe: Callable[[], None]) -> None:
        self._health, self._probe = health, probe
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine's probe", daemon=True)

    def start(self) -> None:
        """Start waiting for failures."""
        self._thread.start()

    def stop(self) -> None:
        """Stop probing."""
        self._stopped.set()
        self._health.stop()

    def _run(self) -> None:
        while self._health.wait():
            try:
                self._probe()
            except Exception as error:
                log.warning("a probe failed: %r", error)
                self._stopped.wait(_PAUSE_S)
            else:
                self._health.recover()
