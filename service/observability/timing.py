"""Where a request's time went."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from schema.extraction import Timing


class StageTimer:
    """Starts when made; sums up milliseconds per stage. `lap` hears of every stage that ended."""

    def __init__(self, lap: Callable[[Mapping[str, float]], None] = lambda _: None) -> None:
        self._lap = lap
        self._started = time.perf_counter()
        self._stages = dict.fromkeys(("image", "queue", "visual", "fusion", "decode"), 0.0)

    def add(self, timing_ms: Mapping[str, float]) -> None:
        """Add to each stage that `timing_ms` names; others than the answer's are ignored."""
        self._lap(timing_ms)
        for stage in self._stages.keys() & timing_ms.keys():
            self._stages[stage] += timing_ms[stage]

    def read(self) -> Timing:
        """The sums, and the time since the start."""
        total = (time.perf_counter() - self._started) * 1000
        return Timing(
            total=round(total, 2), **{stage: round(ms, 2) for stage, ms in self._stages.items()}
        )
