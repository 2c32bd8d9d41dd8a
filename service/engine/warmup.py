"""What an engine does before its first request."""

from __future__ import annotations

from export.bundle import Bundle
from service.engine.generator import Generator
from service.engine.interface import Prompt, VisualFeatures
from service.engine.jobs import EncodeJob, GenerateJob
from service.engine.scheduler import BatchLimits
from service.engine.visual_encoder import blank
from service.engine.worker import Worker
from tasks import form, instruction
from tasks.errors import TextTooLong

_STEPS = 2


def warm_up(bundle: Bundle, worker: Worker, generator: Generator, limits: BatchLimits) -> None:
    """Look at every number of pictures, read the smallest and the largest batches, and once the
    longest prompt; decoder steps are recorded before.

    The first requests then find warm graphs, and the heartbeats know how long things take.
    Raises what any of it fails with.
    """
    generator.capture()
    short, long = (short_prompt(bundle, words) for words in (2, bundle.prompter.max_text_tokens))
    most = max(1, min(limits.prompts, limits.tokens // len(short.source.ids)))
    visual = None
    for pictures in range(1, limits.pictures + 1):
        visual = _look(bundle, worker, pictures)
    for prompts in (1, most):
        _read(worker, generator, [GenerateJob(short, visual) for _ in range(prompts)])
    _read(worker, generator, [GenerateJob(long, None)])


def _look(bundle: Bundle, worker: Worker, pictures: int) -> VisualFeatures | None:
    picture = blank(bundle)
    if picture is None:
        return None
    jobs = [EncodeJob(picture) for _ in range(pictures)]
    worker.begin(jobs)
    visual = [job.future.result()[0] for job in jobs]
    return visual[0]


def _read(worker: Worker, generator: Generator, jobs: list[GenerateJob]) -> None:
    worker.begin(jobs)
    worker.admit()
    for _ in range(_STEPS):
        if generator.busy:
            worker.step()
    for job in jobs:
        if job.future.done():
            job.future.result()
    for job in generator.jobs:
        generator.drop(job)


def short_prompt(bundle: Bundle, words: int) -> Prompt:
    """A prompt about so many words, or fewer where these are too many."""
    shape, prompter = form.ENTITIES, bundle.prompter
    while True:
        try:
            text = " ".join(["up"] * words)
            return Prompt(prompter.encode(text, instruction.ENTITIES, ["person"]), shape)
        except TextTooLong:
            words = words * 3 // 4
