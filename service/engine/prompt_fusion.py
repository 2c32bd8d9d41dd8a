"""Fuses batches of prompts: the first step of every answer, before decoding."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple

from export.bundle import Bundle
from models.umie import Memory
from service.engine.fusion_encoder import FusionEncoder
from service.engine.grammar import decoding_state_of
from service.engine.interface import Answer
from service.engine.jobs import GenerateJob
from service.engine.sampler import TargetSequence
from service.observability.metrics import Metrics

log = logging.getLogger(__name__)

Outcome = tuple[GenerateJob, Answer | Exception]
"""A job that ended: its answer, or the error with which it failed."""


class Fused(NamedTuple):
    """A batch of fused prompts: one job and one sequence each, and its row of `memory`.

    Jobs with the same source and image share a row. `started` and `ended` are the times of fusion,
    in seconds of the monotonic clock.
    """

    jobs: list[GenerateJob]
    sequences: list[TargetSequence]
    rows: list[int]
    memory: Memory
    started: float
    ended: float


class PromptFusion:
    """Fuses prompts with their images. Any thread may call it at any time.

    Args:
        bundle: the model.
        metrics: where the stage and its batches are counted.
        lock: held while the fusion graph runs.
    """

    def __init__(
        self, bundle: Bundle, metrics: Metrics, lock: AbstractContextManager[object]
    ) -> None:
        self._bundle, self._metrics = bundle, metrics
        self._encoder = FusionEncoder(bundle, lock)

    def fuse(self, jobs: Sequence[GenerateJob]) -> tuple[list[Fused], list[Outcome]]:
        """Fuse a batch; where it fails, fuse each of its prompts alone.

        Returns:
            The fused batches, and the jobs that failed.
        """
        started = time.monotonic()
        start_token = self._bundle.prompter.tokenizer.markers.start
        failed: list[Outcome] = []
        sequences: dict[GenerateJob, TargetSequence] = {}
        for job in jobs:
            try:
                state = decoding_state_of(self._bundle, job.prompt, job.visual)
                sequences[job] = TargetSequence(
                    state,
                    start_token,
                    keep=job.prompt.with_decisions or job.prompt.alternatives > 0,
                )
            except Exception as error:
                failed.append((job, error))
        fused = list(self._fuse(sequences, started, failed)) if sequences else []
        return fused, failed

    def _fuse(
        self, sequences: dict[GenerateJob, TargetSequence], started: float, failed: list[Outcome]
    ) -> Iterator[Fused]:
        jobs = list(sequences)
        rows, distinct = _distinct(jobs)
        graph_started = time.monotonic()
        try:
            memory = self._encoder.fuse(
                [job.prompt for job in distinct], [job.visual for job in distinct]
            )
        except Exception as error:
            if len(jobs) == 1:
                failed.append((jobs[0], error))
                return
            log.warning("a batch failed; each of its prompts is tried alone", exc_info=error)
            for job in jobs:
                yield from self._fuse({job: sequences[job]}, started, failed)
            return
        ended = time.monotonic()
        self._metrics.stage("fusion").observe(ended - graph_started)
        self._metrics.batch_size.labels(stage="read").observe(len(distinct))
        yield Fused(jobs, list(sequences.values()), rows, memory, started, ended)


def _distinct(jobs: Sequence[GenerateJob]) -> tuple[list[int], list[GenerateJob]]:
    """The row of each job, and one job for each row."""
    numbers: dict[tuple[int, int], int] = {}
    rows: list[int] = []
    distinct: list[GenerateJob] = []
    for job in jobs:
        key = job.shared_key
        if key not in numbers:
            numbers[key] = len(distinct)
            distinct.append(job)
        rows.append(numbers[key])
    return rows, distinct
