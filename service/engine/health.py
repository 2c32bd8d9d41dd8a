"""Whether what the engine is asked for succeeds, and what finds out that it does again."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from tasks.errors import UMIEError

log = logging.getLogger(__name__)

MOST_FAILURES = 3
"""Failures of one stage in a row from which on the engine is not ready."""

_PAUSE_S = 1.0
"""Between two probes of which the first failed."""


class Stage(StrEnum):
    """What is counted by itself: one stage's success says nothing about the other."""

    VISUAL = "pictures"
    ANSWER = "prompts"


class Health:
    """Counts failures in a row, each of a job that was tried alone; any thread may report.

    From `MOST_FAILURES` on the engine counts as failing, until a probe has succeeded.
    """

    def __init__(self) -> None:
        self._failures: Counter[Stage] = Counter()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._failing: Stage | None = None
        self._stopped = False

    @property
    def failing(self) -> Stage | None:
        """The stage that fails; None where none does."""
        return self._failing

    def succeeded(self, stage: Stage) -> None:
        """A job of this stage was done."""
        with self._lock:
            self._failures[stage] = 0

    def failed(self, stage: Stage, error: BaseException) -> None:
        """A job of this stage failed; errors that the project raises on purpose do not count."""
        if isinstance(error, UMIEError):
            return
        with self._lock:
            self._failures[stage] += 1
            if self._failures[stage] < MOST_FAILURES or self._failing is not None:
                return
            self._failing = stage
            self._changed.notify_all()
        log.error("%d %s in a row failed; not ready until a probe succeeds", MOST_FAILURES, stage)

    def recover(self) -> None:
        """A probe of all stages has succeeded."""
        with self._lock:
            self._failures.clear()
            self._failing = None
        log.warning("a probe succeeded; the engine takes work again")

    def wait(self) -> bool:
        """Until the engine fails: True; False where nobody is to wait any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._failing is not None)
            return not self._stopped

    def stop(self) -> None:
        """Let whoever waits go."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()


class Prober:
    """A thread that tries `probe` as soon as the engine fails, and again until it succeeds."""

    def __init__(self, health: Health, probe: Callable[[], None]) -> None:
        self._health, self._probe = health, probe
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine's probe", daemon=True)

    def start(self) -> None:
        """Begin to wait for failures."""
        self._thread.start()

    def stop(self) -> None:
        """Probe no more."""
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
