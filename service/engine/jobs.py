"""Jobs for the engine's threads: encode one image, or generate the answer to one prompt."""

from __future__ import annotations

import math
import time
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from service.engine.interface import Answer, Picture, Prompt, VisualFeatures
from tasks.errors import DeadlineExceeded

T = TypeVar("T")

EncodedImage = tuple[VisualFeatures, dict[str, float]]
"""The features of an image, and the duration of each stage in milliseconds."""


class Dropped(StrEnum):
    """The reason why a job was dropped; the values are labels of a metric."""

    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REJECTED = "rejected"  # the queue was full
    ABANDONED = "abandoned"  # the engine was stuck


@dataclass(eq=False, kw_only=True)
class _Job(Generic[T]):
    """A unit of work and the future of its result.

    `deadline` and `since`, the time of creation, are seconds of the monotonic clock. The queue
    sets `turn`, the job's place in its order, and `deferred`: whether its request has so many jobs
    that this one lets those of other requests pass. The caller can cancel the future at any time,
    and the watchdog can fail it while a thread computes the result. Set it through `complete` and
    `fail` only: they ignore a future that is already done.
    """

    deadline: float = math.inf
    since: float = field(default_factory=time.monotonic)
    turn: int = 0
    deferred: bool = False
    future: Future[T] = field(default_factory=Future)

    def complete(self, result: T) -> None:
        """Set the result, unless the future is already done."""
        with suppress(InvalidStateError):
            self.future.set_result(result)

    def fail(self, error: BaseException) -> None:
        """Set the exception, unless the future is already done."""
        with suppress(InvalidStateError):
            self.future.set_exception(error)

    def drop_reason(self, now: float) -> Dropped | None:
        """Return why the job needs no work any more, None if it does. Fails an expired job.

        Args:
            now: the current time of the monotonic clock, in seconds.
        """
        if now >= self.deadline:
            self.fail(DeadlineExceeded("the answer was not ready in time"))
            return Dropped.EXPIRED
        if self.future.cancelled():
            return Dropped.CANCELLED
        return Dropped.ABANDONED if self.future.done() else None


@dataclass(eq=False)
class EncodeJob(_Job[EncodedImage]):
    """An image to encode."""

    picture: Picture

    @property
    def tokens(self) -> int:
        """Always 0: images do not count towards the queue's limit on tokens."""
        return 0

    @property
    def shared_key(self) -> tuple[int, int]:
        """Equal for jobs with the same image."""
        return id(self.picture), 0


@dataclass(eq=False)
class GenerateJob(_Job[Answer]):
    """A prompt to answer."""

    prompt: Prompt
    visual: VisualFeatures | None

    @property
    def tokens(self) -> int:
        """The length of the prompt in tokens."""
        return len(self.prompt.source.ids)

    @property
    def shared_key(self) -> tuple[int, int]:
        """Equal for jobs with the same source and image, which are fused once."""
        return id(self.prompt.source), id(self.visual)


Job = EncodeJob | GenerateJob
