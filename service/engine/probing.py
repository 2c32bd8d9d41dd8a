"""A question that shows whether an engine which failed works again."""

from __future__ import annotations

import time

from export.bundle import Bundle
from service.engine.jobs import Job, ReadJob, SeeJob
from service.engine.scheduler import JobQueue
from service.engine.seeing import blank
from service.engine.warming import short_prompt

PROBE_S = 10.0
"""How long a probe may take."""


def probe(bundle: Bundle, queue: JobQueue) -> None:
    """Have a black picture seen, if the bundle can see, and a text of one word read.

    Goes through all stages, in the engine's own threads. Raises what any of them fails with, and
    `QueueFull`.
    """
    deadline = time.monotonic() + PROBE_S
    jobs: list[Job] = [ReadJob(short_prompt(bundle, 1), None, deadline=deadline)]
    if (picture := blank(bundle)) is not None:
        jobs.append(SeeJob(picture, deadline=deadline))
    try:
        queue.put(jobs)
        for job in jobs:
            job.future.result(PROBE_S)
    finally:
        for job in jobs:
            job.future.cancel()
