"""The queue before the engine's threads: what bounds it, and which jobs go together."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

from export.bundle import Bundle
from service.engine.jobs import Dropped, EncodeJob, GenerateJob, Job
from tasks.errors import EngineUnavailable, QueueFull

_WINDOW = 4
"""How many times a batch's size are looked at to fill it with prompts of like length."""

J = TypeVar("J", EncodeJob, GenerateJob)


class BatchLimits(NamedTuple):
    """How much may be begun at once: pictures, prompts, and the prompts' padded tokens."""

    pictures: int
    prompts: int
    tokens: int


def batch_limits_for(bundle: Bundle, slots: int) -> BatchLimits:
    """How much a lane may begin at once.

    A graph on the CPU takes as long for two batches as for one of twice the size, and the prompts
    of one request can share the lanes.
    """
    if bundle.decoder.output_embeddings.device.type != "cpu":
        return BatchLimits(pictures=8, prompts=slots, tokens=8192)
    return BatchLimits(pictures=1, prompts=slots, tokens=256)


class JobQueue:
    """First come, first served, bounded in items and in tokens; closed for good once.

    Jobs that nobody waits for any more give way to new ones and are never handed out; `dropped`
    hears why. What was handed out is known until it is done, so that all can be failed at once.
    """

    def __init__(
        self,
        max_items: int,
        max_tokens: int,
        dropped: Callable[[Dropped], None] = lambda _: None,
    ) -> None:
        self._max_items, self._max_tokens = max_items, max_tokens
        self._dropped = dropped
        self._waiting: deque[Job] = deque()
        self._taken: list[Job] = []
        self._tokens = 0
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, jobs: Sequence[Job]) -> None:
        """Append all of `jobs` or none; raises `QueueFull` or `EngineUnavailable`."""
        tokens = sum(job.tokens for job in jobs)
        with self._changed:
            if self._closed:
                raise EngineUnavailable("the engine is not running")
            if self._overflow(len(jobs), tokens):
                self._sweep()
            if what := self._overflow(len(jobs), tokens):
                raise QueueFull(f"more than {what} would wait")
            self._waiting.extend(jobs)
            self._tokens += tokens
            self._changed.notify_all()

    def take(self, limits: BatchLimits) -> list[EncodeJob] | list[GenerateJob]:
        """The oldest job that the limits allow, and what can be done with it; maybe nothing.

        A prompt is batched with those nearest to it in length. Padded to the longest they have at
        most `limits.tokens`, but the oldest is taken however long it is.
        """
        with self._changed:
            self._sweep()
            oldest = next((job for job in self._waiting if _fits(job, limits)), None)
            if oldest is None:
                return []
            if isinstance(oldest, EncodeJob):
                return self._hand_out(list(islice(self._of(EncodeJob), limits.pictures)))
            others = islice(self._of(GenerateJob), 1, _WINDOW * limits.prompts)
            near = sorted(others, key=lambda job: abs(job.tokens - oldest.tokens))
            return self._hand_out(_batch(oldest, near, limits))

    def wait(self, seconds: float, limits: Callable[[], BatchLimits]) -> None:
        """Wait for a job that the limits allow, the end of the queue, or `seconds`."""

        def something() -> bool:
            left = limits()
            return self._closed or any(_fits(job, left) for job in self._waiting)

        with self._changed:
            self._changed.wait_for(something, seconds)

    def nudge(self) -> None:
        """Wake who waits: limits may have grown."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Refuse further jobs and fail those that wait; those in work go on."""
        with self._changed:
            self._closed = True
            waiting = self._clear()
            self._changed.notify_all()
        _fail(waiting)

    def abandon(self) -> None:
        """Fail all jobs, waiting or in work."""
        with self._changed:
            jobs = [*self._clear(), *self._taken]
            self._taken = []
        _fail(jobs)

    def _of(self, kind: type[J]) -> list[J]:
        return [job for job in self._waiting if isinstance(job, kind)]

    def _hand_out(self, jobs: list[J]) -> list[J]:
        chosen = set(map(id, jobs))
        self._waiting = deque(job for job in self._waiting if id(job) not in chosen)
        self._tokens -= sum(job.tokens for job in jobs)
        self._taken = [*(job for job in self._taken if not job.future.done()), *jobs]
        return jobs

    def _overflow(self, items: int, tokens: int) -> str | None:
        if len(self._waiting) + items > self._max_items:
            return f"{self._max_items} prompts and pictures"
        if self._tokens + tokens > self._max_tokens:
            return f"{self._max_tokens} tokens"
        return None

    def _sweep(self) -> None:
        now, kept = time.monotonic(), deque[Job]()
        for job in self._waiting:
            if reason := job.lapsed(now):
                self._dropped(reason)
            else:
                kept.append(job)
        self._waiting = kept
        self._tokens = sum(job.tokens for job in kept)

    def _clear(self) -> list[Job]:
        waiting = list(self._waiting)
        self._waiting.clear()
        self._tokens = 0
        return waiting


def _fits(job: Job, limits: BatchLimits) -> bool:
    return (limits.pictures if isinstance(job, EncodeJob) else limits.prompts) > 0


def _batch(
    oldest: GenerateJob, near: Sequence[GenerateJob], limits: BatchLimits
) -> list[GenerateJob]:
    """`oldest` and as many of `near` as the limits allow."""
    chosen, longest = [oldest], oldest.tokens
    for job in near:
        longer = max(longest, job.tokens)
        if len(chosen) == limits.prompts or longer * (len(chosen) + 1) > limits.tokens:
            break
        chosen.append(job)
        longest = longer
    return chosen


def _fail(jobs: Sequence[Job]) -> None:
    for job in jobs:
        job.fail(EngineUnavailable("the engine takes no work"))
