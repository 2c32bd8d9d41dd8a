"""Prompts to answers: fusion graph, decoder, grammar, records."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from export.bundle import Bundle
from models.umie import Memory
from service.engine.cuda_graphs import recorder_for
from service.engine.fusion_encoder import FusionEncoder
from service.engine.interface import Answer, Prompt, VisualFeatures
from service.engine.jobs import GenerateJob
from service.engine.sampler import BatchDecoder, TargetSequence
from service.engine.streams import lock_for, wait_for
from service.observability.metrics import Metrics
from tasks.automaton import Automaton
from tasks.decoding_state import (
    CopyDecodingState,
    DecodingState,
    FreeDecodingState,
    TokenDecodingState,
)
from tasks.form import Filler
from tasks.lenient_parser import LenientParser
from tasks.lenient_span_first import SpanFirstLenientParser
from tasks.span_first import SpanFirstAutomaton

log = logging.getLogger(__name__)

_MAX_STEPS = 384

Outcome = tuple[GenerateJob, Answer | Exception]
"""A job and its answer, or what it died of."""


class Fused(NamedTuple):
    """Prompts that were fused together: row by row of `memory`, and the moments of it."""

    jobs: list[GenerateJob]
    sequences: list[TargetSequence]
    memory: Memory
    begun: float
    ended: float


@dataclass(frozen=True, slots=True)
class _Read:
    """A job in work: its gate, and the moments at which it was begun and fused."""

    job: GenerateJob
    gate: float
    begun: float
    fused: float


class Generator:
    """Answers prompts with one bundle: any number may begin while others are on their way.

    A prompt that fails fails alone: where a batch fails, each of its prompts is tried by itself.
    """

    def __init__(self, bundle: Bundle, metrics: Metrics, slots: int = 32) -> None:
        self._bundle, self._metrics = bundle, metrics
        device = bundle.decoder.output_embeddings.device
        self.device_lock = lock_for(device)
        self._fusion_encoder = FusionEncoder(bundle, self.device_lock)
        self._sampler = BatchDecoder(
            bundle.decoder,
            slots,
            _MAX_STEPS,
            bundle.prompter.max_tokens,
            metrics.batch_size.labels(stage="step").observe,
            recorder_for(device),
            wait_for(device),
            self.device_lock,
        )
        self._reads: dict[TargetSequence, _Read] = {}
        self._retry_queue: deque[GenerateJob] = deque()
        self._alone = False

    @property
    def free(self) -> int:
        """How many prompts may yet begin: none while suspects are tried alone."""
        return 0 if self._retry_queue or self._alone else self._sampler.free

    @property
    def busy(self) -> int:
        """How many prompts are on their way."""
        return len(self._reads) + len(self._retry_queue)

    @property
    def jobs(self) -> list[GenerateJob]:
        """The jobs on their way."""
        return [read.job for read in self._reads.values()] + list(self._retry_queue)

    def fuse(self, jobs: Sequence[GenerateJob]) -> tuple[list[Fused], list[Outcome]]:
        """What `admit` takes, and what died before it; any thread may ask for it at any time."""
        begun = time.monotonic()
        failed: list[Outcome] = []
        sequences: dict[GenerateJob, TargetSequence] = {}
        for job in jobs:
            try:
                state = decoding_state_of(self._bundle, job.prompt, job.visual)
                sequences[job] = TargetSequence(
                    state, self._bundle.prompter.tokenizer.markers.start
                )
            except Exception as error:
                failed.append((job, error))
        fused = list(self._fuse(sequences, begun, failed)) if sequences else []
        return fused, failed

    def capture(self) -> None:
        """Record decoder steps where that pays, before the first prompt."""
        self._sampler.capture()

    def admit(self, fused: Fused) -> list[Outcome]:
        """Let prompts speak that were fused, at most `free` of them; those that ended with it.

        Where that fails for several, each is to be tried alone.
        """
        jobs, sequences, memory, begun, ended = fused
        try:
            # weights may be a little beyond the gate's range, and a closed gate a negative zero
            gates = [max(0.0, gate) for gate in memory.gate.tolist()]
            reads = {
                sequence: _Read(job, gate if job.visual else 0.0, begun, ended)
                for job, sequence, gate in zip(jobs, sequences, gates, strict=True)
            }
            self._sampler.begin(sequences, memory, [job.tokens for job in jobs])
        except Exception as error:
            if len(jobs) == 1:
                return [(jobs[0], error)]
            log.warning("a batch got no slots, each of its prompts is tried alone", exc_info=error)
            self._retry_queue.extend(jobs)
            return []
        self._reads.update(reads)
        return [self._end(sequence) for sequence in sequences if sequence.state.done]

    def begin(self, jobs: Sequence[GenerateJob]) -> list[Outcome]:
        """Fuse `jobs`, at most `free`, and let them speak; those that ended with it."""
        fused, outcomes = self.fuse(jobs)
        return outcomes + [end for part in fused for end in self.admit(part)]

    def step(self) -> list[Outcome]:
        """Let all that are on their way go on; those that ended with it."""
        if not self._reads:
            outcomes = self.begin([self._retry_queue.popleft()])
            self._alone = bool(self._reads)
            return outcomes
        try:
            ended = self._sampler.step()
            self._check(ended)
        except Exception as error:
            return self._retry_each(error)
        return [self._end(sequence) for sequence in ended]

    def drop(self, job: GenerateJob) -> None:
        """Forget a job that is on its way."""
        if job in self._retry_queue:
            self._retry_queue.remove(job)
            return
        (sequence,) = [sequence for sequence, read in self._reads.items() if read.job is job]
        self._forget(sequence)
        try:
            self._sampler.drop(sequence)
        except Exception as error:
            log.warning("a slot cannot be given back, the others begin anew", exc_info=error)
            self._begin_anew()

    def stream(self, jobs: Iterable[GenerateJob]) -> Iterator[tuple[GenerateJob, Answer]]:
        """Each of `jobs` with its answer as soon as there is one, nothing else being on its way.

        Raises what a job fails with; the others are dropped then.
        """
        waiting = deque(jobs)
        try:
            while waiting or self.busy:
                part = [waiting.popleft() for _ in range(min(self.free, len(waiting)))]
                for job, result in self.begin(part) if part else self.step():
                    if isinstance(result, Exception):
                        raise result
                    yield job, result
        finally:
            for job in self.jobs:
                self.drop(job)

    def read(self, jobs: Sequence[GenerateJob]) -> list[Answer]:
        """The answers to `jobs`, in order, nothing else being on its way."""
        answers = dict(self.stream(jobs))
        return [answers[job] for job in jobs]

    def _fuse(
        self, sequences: dict[GenerateJob, TargetSequence], begun: float, failed: list[Outcome]
    ) -> Iterator[Fused]:
        jobs = list(sequences)
        started = time.monotonic()
        try:
            memory = self._fusion_encoder.fuse(
                [job.prompt for job in jobs], [job.visual for job in jobs]
            )
        except Exception as error:
            if len(jobs) == 1:
                failed.append((jobs[0], error))
                return
            log.warning("a batch failed, each of its prompts is tried alone", exc_info=error)
            for job in jobs:
                yield from self._fuse({job: sequences[job]}, begun, failed)
            return
        ended = time.monotonic()
        self._metrics.stage("fusion").observe(ended - started)
        self._metrics.batch_size.labels(stage="read").observe(len(jobs))
        yield Fused(jobs, list(sequences.values()), memory, begun, ended)

    def _end(self, sequence: TargetSequence) -> Outcome:
        read = self._forget(sequence)
        if sequence.failure is not None:
            return read.job, sequence.failure
        try:
            records = sequence.state.records()
        except Exception as error:
            return read.job, error
        now = time.monotonic()
        self._metrics.stage("decode").observe(now - read.fused)
        self._metrics.generated_tokens.inc(len(sequence.said))
        timing = {
            "queue": (read.begun - read.job.since) * 1000,
            "fusion": (read.fused - read.begun) * 1000,
            "decode": (now - read.fused) * 1000,
        }
        gated = not self._bundle.config.span_first
        return read.job, Answer(records, read.gate, tuple(sequence.said), timing, gated)

    def _forget(self, sequence: TargetSequence) -> _Read:
        read = self._reads.pop(sequence)
        self._alone = self._alone and bool(self._reads)
        return read

    def _check(self, ended: Sequence[TargetSequence]) -> None:
        """Raise RuntimeError where slots, sequences and reads are not those of the same answers."""
        if not self._sampler.consistent or self._sampler.running + len(ended) != len(self._reads):
            raise RuntimeError("the decoder's slots are not those of the answers on their way")

    def _retry_each(self, error: Exception) -> list[Outcome]:
        """A step failed, and nobody knows because of whom."""
        if len(self._reads) == 1:
            (read,) = self._reads.values()
            self._reset()
            return [(read.job, error)]
        log.warning("a step failed, each of its prompts is tried alone", exc_info=error)
        self._begin_anew()
        return []

    def _begin_anew(self) -> None:
        """Try all that are on their way once more, each alone."""
        self._retry_queue.extend(read.job for read in self._reads.values())
        self._reset()

    def _reset(self) -> None:
        self._reads.clear()
        self._alone = False
        self._sampler.reset()


def decoding_state_of(
    bundle: Bundle, prompt: Prompt, visual: VisualFeatures | None
) -> DecodingState:
    """The answer to a prompt before its first token; ValueError where the prompt makes no sense."""
    tokenizer = bundle.prompter.tokenizer
    offered = len(visual.scores) if visual and Filler.REGION in prompt.form.fillers else 0
    regions = range(1, offered + 1)
    if not prompt.constrained:
        generator = SpanFirstLenientParser if bundle.config.span_first else LenientParser
        parser = generator(prompt.source, prompt.form, tokenizer, regions)
        return FreeDecodingState(parser, tokenizer.markers.eos)
    copying = bundle.decoder.copy_head is not None
    grammar = SpanFirstAutomaton if bundle.config.span_first else Automaton
    automaton = grammar(
        prompt.source,
        prompt.form,
        tokenizer.markers,
        regions=regions,
        head=prompt.head,
        tail=prompt.tail,
        ordered=copying,
    )
    return CopyDecodingState(automaton) if copying else TokenDecodingState(automaton)
