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
from service.engine.contract import Answer, Prompt, Seen
from service.engine.fusing import Fuser
from service.engine.jobs import ReadJob
from service.engine.recording import recorder_for
from service.engine.speaker import Speaker, Voice
from service.engine.streams import lock_for, wait_for
from service.metrics import Metrics
from tasks.automaton import Automaton
from tasks.form import Filler
from tasks.salvage import Salvage
from tasks.salvage_span_first import SpanFirstSalvage
from tasks.span_first import SpanFirstAutomaton
from tasks.utterance import CopyUtterance, FreeUtterance, TokenUtterance, Utterance

log = logging.getLogger(__name__)

_MAX_STEPS = 384

Outcome = tuple[ReadJob, Answer | Exception]
"""A job and its answer, or what it died of."""


class Fused(NamedTuple):
    """Prompts that were fused together: row by row of `memory`, and the moments of it."""

    jobs: list[ReadJob]
    voices: list[Voice]
    memory: Memory
    begun: float
    ended: float


@dataclass(frozen=True, slots=True)
class _Read:
    """A job in work: its gate, and the moments at which it was begun and fused."""

    job: ReadJob
    gate: float
    begun: float
    fused: float


class Reader:
    """Answers prompts with one bundle: any number may begin while others are on their way.

    A prompt that fails fails alone: where a batch fails, each of its prompts is tried by itself.
    """

    def __init__(self, bundle: Bundle, metrics: Metrics, slots: int = 32) -> None:
        self._bundle, self._metrics = bundle, metrics
        device = bundle.decoder.output_embeddings.device
        self.device_lock = lock_for(device)
        self._fuser = Fuser(bundle, self.device_lock)
        self._speaker = Speaker(
            bundle.decoder,
            slots,
            _MAX_STEPS,
            bundle.prompter.max_tokens,
            metrics.batch_size.labels(stage="step").observe,
            recorder_for(device),
            wait_for(device),
            self.device_lock,
        )
        self._reads: dict[Voice, _Read] = {}
        self._suspects: deque[ReadJob] = deque()
        self._alone = False

    @property
    def free(self) -> int:
        """How many prompts may yet begin: none while suspects are tried alone."""
        return 0 if self._suspects or self._alone else self._speaker.free

    @property
    def busy(self) -> int:
        """How many prompts are on their way."""
        return len(self._reads) + len(self._suspects)

    @property
    def jobs(self) -> list[ReadJob]:
        """The jobs on their way."""
        return [read.job for read in self._reads.values()] + list(self._suspects)

    def fuse(self, jobs: Sequence[ReadJob]) -> tuple[list[Fused], list[Outcome]]:
        """What `admit` takes, and what died before it; any thread may ask for it at any time."""
        begun = time.monotonic()
        failed: list[Outcome] = []
        voices: dict[ReadJob, Voice] = {}
        for job in jobs:
            try:
                utterance = utterance_of(self._bundle, job.prompt, job.seen)
                voices[job] = Voice(utterance, self._bundle.prompter.tokenizer.markers.start)
            except Exception as error:
                failed.append((job, error))
        fused = list(self._fuse(voices, begun, failed)) if voices else []
        return fused, failed

    def capture(self) -> None:
        """Record decoder steps where that pays, before the first prompt."""
        self._speaker.capture()

    def admit(self, fused: Fused) -> list[Outcome]:
        """Let prompts speak that were fused, at most `free` of them; those that ended with it.

        Where that fails for several, each is to be tried alone.
        """
        jobs, voices, memory, begun, ended = fused
        try:
            # weights may be a little beyond the gate's range, and a closed gate a negative zero
            gates = [max(0.0, gate) for gate in memory.gate.tolist()]
            reads = {
                voice: _Read(job, gate if job.seen else 0.0, begun, ended)
                for job, voice, gate in zip(jobs, voices, gates, strict=True)
            }
            self._speaker.begin(voices, memory, [job.tokens for job in jobs])
        except Exception as error:
            if len(jobs) == 1:
                return [(jobs[0], error)]
            log.warning("a batch got no slots, each of its prompts is tried alone", exc_info=error)
            self._suspects.extend(jobs)
            return []
        self._reads.update(reads)
        return [self._end(voice) for voice in voices if voice.utterance.done]

    def begin(self, jobs: Sequence[ReadJob]) -> list[Outcome]:
        """Fuse `jobs`, at most `free`, and let them speak; those that ended with it."""
        fused, outcomes = self.fuse(jobs)
        return outcomes + [end for part in fused for end in self.admit(part)]

    def step(self) -> list[Outcome]:
        """Let all that are on their way go on; those that ended with it."""
        if not self._reads:
            outcomes = self.begin([self._suspects.popleft()])
            self._alone = bool(self._reads)
            return outcomes
        try:
            ended = self._speaker.step()
            self._check(ended)
        except Exception as error:
            return self._suspect(error)
        return [self._end(voice) for voice in ended]

    def drop(self, job: ReadJob) -> None:
        """Forget a job that is on its way."""
        if job in self._suspects:
            self._suspects.remove(job)
            return
        (voice,) = [voice for voice, read in self._reads.items() if read.job is job]
        self._forget(voice)
        try:
            self._speaker.drop(voice)
        except Exception as error:
            log.warning("a slot cannot be given back, the others begin anew", exc_info=error)
            self._begin_anew()

    def stream(self, jobs: Iterable[ReadJob]) -> Iterator[tuple[ReadJob, Answer]]:
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

    def read(self, jobs: Sequence[ReadJob]) -> list[Answer]:
        """The answers to `jobs`, in order, nothing else being on its way."""
        answers = dict(self.stream(jobs))
        return [answers[job] for job in jobs]

    def _fuse(
        self, voices: dict[ReadJob, Voice], begun: float, failed: list[Outcome]
    ) -> Iterator[Fused]:
        jobs = list(voices)
        started = time.monotonic()
        try:
            memory = self._fuser.fuse([job.prompt for job in jobs], [job.seen for job in jobs])
        except Exception as error:
            if len(jobs) == 1:
                failed.append((jobs[0], error))
                return
            log.warning("a batch failed, each of its prompts is tried alone", exc_info=error)
            for job in jobs:
                yield from self._fuse({job: voices[job]}, begun, failed)
            return
        ended = time.monotonic()
        self._metrics.stage("fusion").observe(ended - started)
        self._metrics.batch_size.labels(stage="read").observe(len(jobs))
        yield Fused(jobs, list(voices.values()), memory, begun, ended)

    def _end(self, voice: Voice) -> Outcome:
        read = self._forget(voice)
        if voice.failure is not None:
            return read.job, voice.failure
        try:
            records = voice.utterance.records()
        except Exception as error:
            return read.job, error
        now = time.monotonic()
        self._metrics.stage("decode").observe(now - read.fused)
        self._metrics.generated_tokens.inc(len(voice.said))
        timing = {
            "queue": (read.begun - read.job.since) * 1000,
            "fusion": (read.fused - read.begun) * 1000,
            "decode": (now - read.fused) * 1000,
        }
        gated = not self._bundle.config.span_first
        return read.job, Answer(records, read.gate, tuple(voice.said), timing, gated)

    def _forget(self, voice: Voice) -> _Read:
        read = self._reads.pop(voice)
        self._alone = self._alone and bool(self._reads)
        return read

    def _check(self, ended: Sequence[Voice]) -> None:
        """Raise RuntimeError where slots, voices and reads are not those of the same answers."""
        if not self._speaker.consistent or self._speaker.speaking + len(ended) != len(self._reads):
            raise RuntimeError("the decoder's slots are not those of the answers on their way")

    def _suspect(self, error: Exception) -> list[Outcome]:
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
        self._suspects.extend(read.job for read in self._reads.values())
        self._reset()

    def _reset(self) -> None:
        self._reads.clear()
        self._alone = False
        self._speaker.reset()


def utterance_of(bundle: Bundle, prompt: Prompt, seen: Seen | None) -> Utterance:
    """The answer to a prompt before its first token; ValueError where the prompt makes no sense."""
    tokenizer = bundle.prompter.tokenizer
    offered = len(seen.scores) if seen and Filler.REGION in prompt.form.fillers else 0
    regions = range(1, offered + 1)
    if not prompt.constrained:
        reader = SpanFirstSalvage if bundle.config.span_first else Salvage
        salvage = reader(prompt.source, prompt.form, tokenizer, regions)
        return FreeUtterance(salvage, tokenizer.markers.eos)
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
    return CopyUtterance(automaton) if copying else TokenUtterance(automaton)
