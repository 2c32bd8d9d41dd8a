"""Prompts of the engine's own: warm-up before the first request, and a probe after failures."""

from __future__ import annotations

import time

from export.bundle import Bundle
from service.engine.generator import Generator
from service.engine.interface import Prompt, VisualFeatures
from service.engine.jobs import EncodeJob, GenerateJob, Job
from service.engine.scheduler import BatchLimits, JobQueue
from service.engine.visual_encoder import blank_picture
from service.engine.worker import Worker
from tasks import form, instruction
from tasks.errors import TextTooLong

PROBE_S = 10.0
"""How long a probe may take."""

_STEPS = 2


def warm_up(bundle: Bundle, worker: Worker, generator: Generator, limits: BatchLimits) -> None:
    """Record decoder steps, then run batches of every size that matters.

    These are every number of images, the smallest and the largest batch of prompts, and the
    longest prompt. The graphs then are initialised for the first requests, and the heartbeats have
    measured how long calls take. Raises the error of the first job that fails.
    """
    generator.capture()
    short, long = (short_prompt(bundle, words) for words in (2, bundle.prompter.max_text_tokens))
    most = max(1, min(limits.prompts, limits.tokens // len(short.source.ids)))
    visual = None
    for pictures in range(1, limits.pictures + 1):
        visual = _encode(bundle, worker, pictures)
    for prompts in (1, most):
        _generate(worker, generator, [GenerateJob(short, visual) for _ in range(prompts)])
    _generate(worker, generator, [GenerateJob(long, None)])


def probe(bundle: Bundle, queue: JobQueue) -> None:
    """Send a prompt of one word and, with a visual tower, a black image through the engine.

    They pass all stages in the engine's own threads. Raises the error of the first that fails.

    Raises:
        QueueFull: the queue is full.
    """
    deadline = time.monotonic() + PROBE_S
    jobs: list[Job] = [GenerateJob(short_prompt(bundle, 1), None, deadline=deadline)]
    if (picture := blank_picture(bundle)) is not None:
        jobs.append(EncodeJob(picture, deadline=deadline))
    try:
        queue.put(jobs)
        for job in jobs:
            job.future.result(PROBE_S)
    finally:
        for job in jobs:
            job.future.cancel()


def short_prompt(bundle: Bundle, words: int) -> Prompt:
    """Return a prompt with a text of so many words, or the most that fit."""
    shape, prompter = form.ENTITIES, bundle.prompter
    while True:
        try:
            text = " ".join(["up"] * words)
            return Prompt(prompter.encode(text, instruction.ENTITIES, ["person"]), shape)
        except TextTooLong:
            words = words * 3 // 4


def _encode(bundle: Bundle, worker: Worker, pictures: int) -> VisualFeatures | None:
    """Encode a batch of black images; None without a visual tower."""
    picture = blank_picture(bundle)
    if picture is None:
        return None
    jobs = [EncodeJob(picture) for _ in range(pictures)]
    worker.encode(jobs)
    features = [job.future.result()[0] for job in jobs]
    return features[0]


def _generate(worker: Worker, generator: Generator, jobs: list[GenerateJob]) -> None:
    """Run the first decoder steps of a batch of prompts, then drop them."""
    worker.encode(jobs)
    worker.admit()
    for _ in range(_STEPS):
        if generator.busy:
            worker.step()
    for job in jobs:
        if job.future.done():
            job.future.result()
    for job in generator.jobs:
        generator.drop(job)
