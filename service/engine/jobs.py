"""What waits for the engine's thread, and the queue that bounds it."""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from service.engine.contract import Answer, Prompt, Seen
from tasks.errors import EngineUnavailable, QueueFull


@dataclass(eq=False)
class SeeJob:
    """A picture to look at; pixels (3, S, S)."""

    pixels: NDArray[np.float32]
    future: Future[tuple[Seen, dict[str, float]]] = field(default_factory=Future)
    since: float = field(default_factory=time.perf_counter)
    tokens: int = 0


@dataclass(eq=False)
class ReadJob:
    """A prompt to answer."""

    prompt: Prompt
    seen: Seen | None
    future: Future[Answer] = field(default_factory=Future)
    since: float = field(default_factory=time.perf_counter)

    @property
    def tokens(self) -> int:
        """The prompt's length, which is what batches are measured in."""
        return len(self.prompt.source.ids)


Job = SeeJob | ReadJob


class JobQueue:
    """First come, first served, bounded in items and in tokens; closed for good once.

    Jobs whose futures were cancelled give way to new ones and are never handed out.
    """

    def __init__(self, max_items: int, max_tokens: int) -> None:
        self._max_items, self._max_tokens = max_items, max_tokens
        self._jobs: deque[Job] = deque()
        self._tokens = 0
        self._closed = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._jobs)

    def put(self, jobs: list[Job]) -> None:
        """Append all of `jobs` or none; raises `QueueFull` or `EngineUnavailable`."""
        tokens = sum(job.tokens for job in jobs)
        with self._changed:
            if self._closed:
                raise EngineUnavailable("the engine is not running")
            if self._overflow(len(jobs), tokens):
                self._drop_cancelled()
            if what := self._overflow(len(jobs), tokens):
                raise QueueFull(f"more than {what} would wait")
            self._jobs.extend(jobs)
            self._tokens += tokens
            self._changed.notify()

    def take(self, most_items: int, most_tokens: int, wait_s: float) -> list[Job]:
        """The oldest job and what behind it is of its kind and fits.

        Waits up to `wait_s` for a first job and for nothing else; empty if none came.
        """
        with self._changed:
            if not self._jobs:
                self._changed.wait(wait_s)
            self._drop_cancelled()
            taken: list[Job] = []
            kept: deque[Job] = deque()
            longest = 0
            while self._jobs and len(taken) < most_items:
                job = self._jobs.popleft()
                longer = max(longest, job.tokens)
                alike = not taken or type(job) is type(taken[0])
                if alike and (not taken or longer * (len(taken) + 1) <= most_tokens):
                    taken.append(job)
                    longest = longer
                    self._tokens -= job.tokens
                else:
                    kept.append(job)
            self._jobs.extendleft(reversed(kept))
        return [job for job in taken if job.future.set_running_or_notify_cancel()]

    def close(self) -> list[Job]:
        """Refuse further jobs; what was still waiting."""
        with self._changed:
            self._closed = True
            waiting = list(self._jobs)
            self._jobs.clear()
            self._tokens = 0
            self._changed.notify_all()
        return waiting

    def _overflow(self, items: int, tokens: int) -> str | None:
        if len(self._jobs) + items > self._max_items:
            return f"{self._max_items} prompts and pictures"
        if self._tokens + tokens > self._max_tokens:
            return f"{self._max_tokens} tokens"
        return None

    def _drop_cancelled(self) -> None:
        self._jobs = deque(job for job in self._jobs if not job.future.cancelled())
        self._tokens = sum(job.tokens for job in self._jobs)
