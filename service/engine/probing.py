"""A question that shows whether an engine which failed works again."""

from __future__ import annotations

import time

from export.bundle import Bundle
from service.engine.jobs import EncodeJob, GenerateJob, Job
from service.engine.scheduler import JobQueue
from service.engine.visual_encoder import blank
from service.engine.warmup import short_prompt

PROBE_S = 10.0
"""How long a probe may take."""


def probe(bundle: Bundle, queue: JobQueue) -> None:
    """Have a black picture visual, if the bundle can see, and a text of one word read.

    Goes through all stages, in the engine's own threads. Raises what any of them fails with, and
    `QueueFull`.
    """
    deadline = time.monotonic() + PROBE_S
    jobs: list[Job] = [GenerateJob(short_prompt(bundle, 1), None, deadline=deadline)]
    if (picture := blank(bundle)) is not None:
        jobs.append(EncodeJob(picture, deadline=deadline))
    try:
        queue.put(jobs)
        for job in jobs:
            job.future.result(PROBE_S)
    finally:
        for job in jobs:
            job.future.cancel()
