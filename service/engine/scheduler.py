"""The scheduler: a bounded queue of jobs, and which of them form a batch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

from export.bundle import Bundle
from service.engine.fair_order import FairOrder
from service.engine.jobs import Dropped, EncodeJob, GenerateJob, Job
from tasks.errors import EngineUnavailable, QueueFull

_LONG_SHARE = 0.75
"""The part of the queue that long requests may fill."""

_RESERVED_SHARE = 8
"""One slot of so many is not given to deferred jobs, so that a short request finds one free."""

_WINDOW = 4
"""How many times the batch size of prompts are compared to fill a batch with similar lengths."""

J = TypeVar("J", EncodeJob, GenerateJob)


class BatchLimits(NamedTuple):
    """The most images, prompts, and padded tokens of prompts in one batch.

    Of `prompts`, the last `reserved` are not for deferred jobs.
    """

    pictures: int
    prompts: int
    tokens: int
    reserved: int = 0

    def prompts_for(self, job: Job) -> int:
        """Return the most prompts of a batch up to and with this job."""
        return self.prompts - self.reserved if job.deferred else self.prompts


def batch_limits_for(bundle: Bundle, slots: int) -> BatchLimits:
    """Return the limits of a lane's batch.

    On the CPU one large batch takes as long as two small ones, and small batches let the prompts
    of one request use all lanes.

    Args:
        bundle: the bundle, which is on its device already.
        slots: the decoder's slots.
    """
    if bundle.decoder.output_embeddings.device.type != "cpu":
        return BatchLimits(8, slots, tokens=8192, reserved=slots // _RESERVED_SHARE)
    return BatchLimits(1, slots, tokens=256, reserved=slots // _RESERVED_SHARE)


class JobQueue:
    """A queue of jobs, limited in items and in tokens.

    The order is that of `FairOrder`: requests take turns. Expired and cancelled jobs are removed
    when others need their place, and never returned. The queue also remembers the jobs in progress,
    so that all jobs can be failed at once.

    Args:
        max_items: the most waiting jobs.
        max_tokens: the most tokens of waiting prompts.
        dropped: called with the reason for every removed job.
    """

    def __init__(
        self,
        max_items: int,
        max_tokens: int,
        dropped: Callable[[Dropped], None] = lambda _: None,
    ) -> None:
        self._max_items, self._max_tokens = max_items, max_tokens
        self._dropped = dropped
        self._order = FairOrder()
        self._waiting: list[Job] = []  # replaced and never changed: other threads iterate over it
        self._in_progress: list[Job] = []
        self._tokens = 0
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def only_deferred(self) -> bool:
        """Whether all waiting jobs are deferred."""
        return all(job.deferred for job in self._waiting)

    def put(self, jobs: Sequence[Job]) -> None:
        """Add all of `jobs`, those of one request, or none.

        A long request is refused earlier, while others wait, so that short ones find room.

        Raises:
            QueueFull: they exceed a limit.
            EngineUnavailable: the queue is closed.
        """
        tokens = sum(job.tokens for job in jobs)
        share = _LONG_SHARE if self._order.is_long(jobs) else 1.0
        with self._changed:
            if self._closed:
                raise EngineUnavailable("the engine is not running")
            if self._exceeded(len(jobs), tokens, share):
                self._remove_dropped()
            if limit := self._exceeded(len(jobs), tokens, share):
                raise QueueFull(f"more than {limit} would wait")
            self._waiting = self._order.merge(self._waiting, jobs)
            self._tokens += tokens
            self._changed.notify_all()

    def take(self, limits: BatchLimits) -> list[EncodeJob] | list[GenerateJob]:
        """Remove and return a batch: the first job that the limits allow, and jobs like it.

        A prompt is batched with those that share its source, then with those of the nearest length.
        Padded to the longest, the distinct sources of the batch have at most `limits.tokens`
        tokens, except where the first prompt alone has more.

        Returns:
            Images or prompts; empty where the limits allow no job.
        """
        with self._changed:
            self._remove_dropped()
            self._order.serve(self._waiting)
            first = next((job for job in self._waiting if _fits(job, limits)), None)
            if first is None:
                return []
            if isinstance(first, EncodeJob):
                return self._remove(list(islice(self._of(EncodeJob), limits.pictures)))
            others = islice(self._of(GenerateJob), _WINDOW * limits.prompts)
            near = sorted(
                (job for job in others if job is not first),
                key=lambda job: (
                    job.shared_key != first.shared_key,
                    abs(job.tokens - first.tokens),
                ),
            )
            return self._remove(_batch(first, near, limits))

    def wait(self, seconds: float, limits: Callable[[], BatchLimits]) -> None:
        """Block until there is a job that the limits allow, or the queue is closed.

        Args:
            seconds: the longest time to block.
            limits: returns the current limits.
        """

        def may_take() -> bool:
            current = limits()
            return self._closed or any(_fits(job, current) for job in self._waiting)

        with self._changed:
            self._changed.wait_for(may_take, seconds)

    def notify(self) -> None:
        """Wake the threads in `wait`, since their limits may have changed."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Refuse new jobs and fail the waiting ones; jobs in progress continue."""
        with self._changed:
            self._closed = True
            waiting = self._clear()
            self._changed.notify_all()
        _fail(waiting)

    def fail_all(self) -> None:
        """Fail all jobs, waiting and in progress."""
        with self._changed:
            jobs = [*self._clear(), *self._in_progress]
            self._in_progress = []
        _fail(jobs)

    def _of(self, kind: type[J]) -> list[J]:
        return [job for job in self._waiting if isinstance(job, kind)]

    def _remove(self, jobs: list[J]) -> list[J]:
        """Move waiting jobs to those in progress."""
        removed = set(map(id, jobs))
        self._waiting = [job for job in self._waiting if id(job) not in removed]
        self._tokens -= sum(job.tokens for job in jobs)
        self._in_progress = [*(job for job in self._in_progress if not job.future.done()), *jobs]
        return jobs

    def _exceeded(self, items: int, tokens: int, share: float) -> str | None:
        """The limit that so many more jobs would exceed, None where they fit.

        Where jobs wait already, only this share of the limits is available.
        """
        share = share if self._waiting else 1.0
        if len(self._waiting) + items > share * self._max_items:
            return f"{share * self._max_items:.0f} prompts and pictures"
        if self._tokens + tokens > share * self._max_tokens:
            return f"{share * self._max_tokens:.0f} tokens"
        return None

    def _remove_dropped(self) -> None:
        """Remove expired and cancelled jobs."""
        now, kept = time.monotonic(), list[Job]()
        for job in self._waiting:
            if reason := job.drop_reason(now):
                self._dropped(reason)
            else:
                kept.append(job)
        self._waiting = kept
        self._tokens = sum(job.tokens for job in kept)

    def _clear(self) -> list[Job]:
        waiting, self._waiting = self._waiting, []
        self._tokens = 0
        return waiting


def _fits(job: Job, limits: BatchLimits) -> bool:
    return (limits.pictures if isinstance(job, EncodeJob) else limits.prompts_for(job)) > 0


def _batch(
    first: GenerateJob, near: Sequence[GenerateJob], limits: BatchLimits
) -> list[GenerateJob]:
    """Return `first` and as many of `near` as the limits allow."""
    chosen, longest, distinct = [first], first.tokens, {first.shared_key}
    for job in near:
        longer, sources = max(longest, job.tokens), distinct | {job.shared_key}
        if len(chosen) == limits.prompts:
            break
        if len(sources) > len(distinct) and longer * len(sources) > limits.tokens:
            break
        if len(chosen) < limits.prompts_for(job):
            chosen.append(job)
            longest, distinct = longer, sources
    return chosen


def _fail(jobs: Sequence[Job]) -> None:
    for job in jobs:
        job.fail(EngineUnavailable("the engine takes no work"))
