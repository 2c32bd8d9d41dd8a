"""What an engine does before its first request."""

from __future__ import annotations

from export.bundle import Bundle
from service.engine.contract import Prompt, Seen
from service.engine.jobs import ReadJob, SeeJob
from service.engine.reading import Reader
from service.engine.scheduler import Room
from service.engine.seeing import blank
from service.engine.worker import Worker
from tasks import form, instruction
from tasks.errors import TextTooLong

_STEPS = 2


def warm_up(bundle: Bundle, worker: Worker, reader: Reader, room: Room) -> None:
    """Look at every number of pictures, read the smallest and the largest batches, and once the
    longest prompt; decoder steps are recorded before.

    The first requests then find warm graphs, and the worker's hearts have learnt how long things
    take. Raises what any of it fails with.
    """
    reader.capture()
    short, long = (short_prompt(bundle, words) for words in (2, bundle.prompter.max_text_tokens))
    most = max(1, min(room.prompts, room.tokens // len(short.source.ids)))
    seen = None
    for pictures in range(1, room.pictures + 1):
        seen = _look(bundle, worker, pictures)
    for prompts in (1, most):
        _read(worker, reader, [ReadJob(short, seen) for _ in range(prompts)])
    _read(worker, reader, [ReadJob(long, None)])


def _look(bundle: Bundle, worker: Worker, pictures: int) -> Seen | None:
    picture = blank(bundle)
    if picture is None:
        return None
    jobs = [SeeJob(picture) for _ in range(pictures)]
    worker.begin(jobs)
    seen = [job.future.result()[0] for job in jobs]
    return seen[0]


def _read(worker: Worker, reader: Reader, jobs: list[ReadJob]) -> None:
    worker.begin(jobs)
    worker.admit()
    for _ in range(_STEPS):
        if reader.busy:
            worker.step()
    for job in jobs:
        if job.future.done():
            job.future.result()
    for job in reader.jobs:
        reader.drop(job)


def short_prompt(bundle: Bundle, words: int) -> Prompt:
    """A prompt about so many words, or fewer where these are too many."""
    shape, prompter = form.ENTITIES, bundle.prompter
    while True:
        try:
            text = " ".join(["up"] * words)
            return Prompt(prompter.encode(text, instruction.ENTITIES, ["person"]), shape)
        except TextTooLong:
            words = words * 3 // 4
