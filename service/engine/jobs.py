"""What the engine's threads are asked to do: look at a picture, answer a prompt."""

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

View = tuple[VisualFeatures, dict[str, float]]
"""What was visual, and the milliseconds of each stage."""


class Dropped(StrEnum):
    """Why a job was not done."""

    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REJECTED = "rejected"  # the queue was full
    ABANDONED = "abandoned"  # the engine was stuck


@dataclass(eq=False, kw_only=True)
class _Job(Generic[T]):
    """Somebody waits for `future`; times are the monotonic clock's, in seconds.

    The future can be cancelled at any time, and whoever finds the engine dead can fail it: nobody
    but `settle` and `fail` sets it.
    """

    deadline: float = math.inf
    since: float = field(default_factory=time.monotonic)
    future: Future[T] = field(default_factory=Future)

    def settle(self, result: T) -> None:
        """Fulfil the future, if anybody still waits for it."""
        with suppress(InvalidStateError):
            self.future.set_result(result)

    def fail(self, error: BaseException) -> None:
        """Fail the future, if anybody still waits for it."""
        with suppress(InvalidStateError):
            self.future.set_exception(error)

    def lapsed(self, now: float) -> Dropped | None:
        """Why nobody waits any more; None while somebody does. An expired job fails."""
        if now >= self.deadline:
            self.fail(DeadlineExceeded("the answer was not ready in time"))
            return Dropped.EXPIRED
        if self.future.cancelled():
            return Dropped.CANCELLED
        return Dropped.ABANDONED if self.future.done() else None


@dataclass(eq=False)
class EncodeJob(_Job[View]):
    """A picture to look at."""

    picture: Picture

    @property
    def tokens(self) -> int:
        """Pictures do not count in what bounds prompts."""
        return 0


@dataclass(eq=False)
class GenerateJob(_Job[Answer]):
    """A prompt to answer."""

    prompt: Prompt
    visual: VisualFeatures | None

    @property
    def tokens(self) -> int:
        """The prompt's length, which is what batches are measured in."""
        return len(self.prompt.source.ids)


Job = EncodeJob | GenerateJob
