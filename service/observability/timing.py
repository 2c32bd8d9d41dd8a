"""Measures the stages of a request."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from schema.extraction import Timing


class StageTimer:
    """Sums the milliseconds of each stage of a request. It starts when it is created."""

    def __init__(self, on_stages: Callable[[Mapping[str, float]], None] = lambda _: None) -> None:
        """Start the timer.

        Args:
            on_stages: called with the milliseconds by stage whenever stages end.
        """
        self._on_stages = on_stages
        self._started = time.perf_counter()
        self._stages = dict.fromkeys(("image", "queue", "visual", "fusion", "decode"), 0.0)

    def add(self, timing_ms: Mapping[str, float]) -> None:
        """Add milliseconds by stage; stages that `Timing` does not have are ignored."""
        self._on_stages(timing_ms)
        for stage in self._stages.keys() & timing_ms.keys():
            self._stages[stage] += timing_ms[stage]

    def read(self) -> Timing:
        """Return the sums and the time since the start."""
        total = (time.perf_counter() - self._started) * 1000
        return Timing(
            total=round(total, 2), **{stage: round(ms, 2) for stage, ms in self._stages.items()}
        )
