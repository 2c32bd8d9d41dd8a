"""Generates answers: fuses prompts, decodes them in one batch, reads their records."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from export.bundle import Bundle
from service.engine.alternatives import with_alternatives
from service.engine.cuda_graphs import recorder_for
from service.engine.device import lock_for, wait_for
from service.engine.interface import Answer
from service.engine.jobs import GenerateJob
from service.engine.prompt_fusion import Fused, Outcome, PromptFusion
from service.engine.sampler import BatchDecoder, TargetSequence
from service.observability.metrics import Metrics
from tasks.context import Kind

log = logging.getLogger(__name__)

_MAX_STEPS = 384


@dataclass(frozen=True, slots=True)
class _Running:
    """A job that is being decoded: its gate, and when it was started and fused."""

    job: GenerateJob
    gate: float
    started: float
    fused: float


class Generator:
    """Generates answers with one bundle. New ones can start while others are being decoded.

    Where a batch fails, each of its prompts is tried again alone, so that only those fail which
    fail alone.

    Args:
        bundle: the model.
        metrics: where stages, batches and tokens are counted.
        slots: the most answers decoded at once.
    """

    def __init__(self, bundle: Bundle, metrics: Metrics, slots: int = 32) -> None:
        self._bundle, self._metrics = bundle, metrics
        device = bundle.decoder.output_embeddings.device
        self.device_lock = lock_for(device)
        self._fusion = PromptFusion(bundle, metrics, self.device_lock)
        self._decoder = BatchDecoder(
            bundle.decoder,
            slots,
            _MAX_STEPS,
            bundle.prompter.max_tokens,
            metrics.batch_size.labels(stage="step").observe,
            recorder_for(device),
            wait_for(device),
            self.device_lock,
        )
        self._running: dict[TargetSequence, _Running] = {}
        self._retry_queue: deque[GenerateJob] = deque()
        self._retrying = False

    @property
    def free(self) -> int:
        """How many more prompts can start; 0 while prompts are tried again alone."""
        return 0 if self._retry_queue or self._retrying else self._decoder.free

    @property
    def busy(self) -> int:
        """How many prompts are being decoded or wait to be tried again."""
        return len(self._running) + len(self._retry_queue)

    @property
    def jobs(self) -> list[GenerateJob]:
        """The jobs that `busy` counts."""
        return [running.job for running in self._running.values()] + list(self._retry_queue)

    def capture(self) -> None:
        """Record decoder steps where the device supports it. Call it before the first prompt."""
        self._decoder.capture()

    def fuse(self, jobs: Sequence[GenerateJob]) -> tuple[list[Fused], list[Outcome]]:
        """Fuse prompts with their images. Any thread may call this at any time.

        Returns:
            The batches for `admit`, and the jobs that failed.
        """
        return self._fusion.fuse(jobs)

    def admit(self, fused: Fused) -> list[Outcome]:
        """Start decoding a fused batch of at most `free` prompts.

        Where that fails for several prompts, each is queued to be tried again alone.

        Returns:
            The jobs that ended at once.
        """
        jobs, sequences, rows, memory, started, ended = fused
        try:
            # rounding can put a gate below its range, and a closed gate is a negative zero
            gates = [max(0.0, gate) for gate in memory.gate.tolist()]
            running = {
                sequence: _Running(job, gates[row] if job.visual else 0.0, started, ended)
                for job, sequence, row in zip(jobs, sequences, rows, strict=True)
            }
            self._decoder.start(sequences, memory, [job.tokens for job in jobs], rows)
        except Exception as error:
            if len(jobs) == 1:
                return [(jobs[0], error)]
            log.warning("a batch did not start; each of its prompts is tried alone", exc_info=error)
            self._retry_queue.extend(jobs)
            return []
        self._running.update(running)
        return [self._end(sequence) for sequence in sequences if sequence.state.done]

    def start(self, jobs: Sequence[GenerateJob]) -> list[Outcome]:
        """Fuse and admit at most `free` jobs. Return those that ended at once."""
        fused, outcomes = self.fuse(jobs)
        return outcomes + [outcome for batch in fused for outcome in self.admit(batch)]

    def step(self) -> list[Outcome]:
        """Run one decoder step, or start the next prompt to be tried again; `busy` must not be 0.

        Returns:
            The jobs that ended.
        """
        if not self._running:
            outcomes = self.start([self._retry_queue.popleft()])
            self._retrying = bool(self._running)
            return outcomes
        try:
            ended = self._decoder.step()
            self._check(ended)
        except Exception as error:
            return self._handle_failed_step(error)
        return [self._end(sequence) for sequence in ended]

    def drop(self, job: GenerateJob) -> None:
        """Stop decoding one of `jobs`."""
        if job in self._retry_queue:
            self._retry_queue.remove(job)
            return
        (sequence,) = [
            sequence for sequence, running in self._running.items() if running.job is job
        ]
        self._remove(sequence)
        try:
            self._decoder.drop(sequence)
        except Exception as error:
            log.warning("a slot was not released; the other prompts restart", exc_info=error)
            self._restart_all()

    def stream(self, jobs: Iterable[GenerateJob]) -> Iterator[tuple[GenerateJob, Answer]]:
        """Yield each of `jobs` with its answer as soon as it is complete. No other may be running.

        Raises the error of the first job that fails, and drops the others.
        """
        waiting = deque(jobs)
        try:
            while waiting or self.busy:
                batch = [waiting.popleft() for _ in range(min(self.free, len(waiting)))]
                for job, result in self.start(batch) if batch else self.step():
                    if isinstance(result, Exception):
                        raise result
                    yield job, result
        finally:
            for job in self.jobs:
                self.drop(job)

    def run(self, jobs: Sequence[GenerateJob]) -> list[Answer]:
        """Return the answers to `jobs`, in order; as `stream` otherwise."""
        answers = dict(self.stream(jobs))
        return [answers[job] for job in jobs]

    def _end(self, sequence: TargetSequence) -> Outcome:
        """Remove an ended sequence, and return its job's answer or error."""
        running = self._remove(sequence)
        if sequence.failure is not None:
            return running.job, sequence.failure
        try:
            prompt = running.job.prompt
            records = with_alternatives(
                sequence.state.records(),
                [d.probabilities for d in sequence.decisions if d.kind is Kind.LABEL],
                [label.name for label in prompt.source.spots],
                prompt.alternatives,
            )
        except Exception as error:
            return running.job, error
        now = time.monotonic()
        self._metrics.stage("decode").observe(now - running.fused)
        self._metrics.generated_tokens.inc(len(sequence.tokens))
        timing = {
            "queue": (running.started - running.job.since) * 1000,
            "fusion": (running.fused - running.started) * 1000,
            "decode": (now - running.fused) * 1000,
        }
        gated = not self._bundle.config.span_first
        decisions = tuple(d.probabilities for d in sequence.decisions if prompt.with_decisions)
        answer = Answer(records, running.gate, tuple(sequence.tokens), timing, gated, decisions)
        return running.job, answer

    def _remove(self, sequence: TargetSequence) -> _Running:
        running = self._running.pop(sequence)
        self._retrying = self._retrying and bool(self._running)
        return running

    def _check(self, ended: Sequence[TargetSequence]) -> None:
        """Raise RuntimeError where slots, sequences and running jobs do not correspond."""
        count = self._decoder.running + len(ended)
        if not self._decoder.consistent or count != len(self._running):
            raise RuntimeError("the decoder's slots do not correspond to the running jobs")

    def _handle_failed_step(self, error: Exception) -> list[Outcome]:
        """Fail the only running job; with several, the cause is unknown: try each again alone."""
        if len(self._running) == 1:
            (running,) = self._running.values()
            self._reset()
            return [(running.job, error)]
        log.warning("a step failed; each of its prompts is tried alone", exc_info=error)
        self._restart_all()
        return []

    def _restart_all(self) -> None:
        """Queue all running jobs to be tried again, each alone."""
        self._retry_queue.extend(running.job for running in self._running.values())
        self._reset()

    def _reset(self) -> None:
        self._running.clear()
        self._retrying = False
        self._decoder.reset()
