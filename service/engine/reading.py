"""Prompts to answers: fusion graph, decoder, grammar, records."""

from __future__ import annotations

import time
from collections.abc import Sequence

from export.bundle import Bundle
from service.engine.contract import Answer, Prompt, Seen
from service.engine.fusing import fuse
from service.engine.jobs import ReadJob
from service.engine.speaker import Speaker
from service.metrics import Metrics
from tasks import form, instruction
from tasks.automaton import Automaton
from tasks.form import Filler

_MAX_STEPS = 384


class Reader:
    """Answers batches of prompts with one bundle."""

    def __init__(self, bundle: Bundle, metrics: Metrics) -> None:
        self._bundle, self._metrics = bundle, metrics
        slots = metrics.batch_size.labels(stage="step")
        self._speaker = Speaker(bundle.decoder, _MAX_STEPS, slots.observe)

    def read(self, jobs: Sequence[ReadJob]) -> list[tuple[Answer, dict[str, float]]]:
        """The answers to `jobs` and the milliseconds that their batch took per stage."""
        automata = [self._automaton(job.prompt, job.seen) for job in jobs]
        started = time.perf_counter()
        memory, mask = fuse(self._bundle, [job.prompt for job in jobs], [job.seen for job in jobs])
        fused = time.perf_counter()
        voices = self._speaker.answer(automata, memory, mask)
        ended = time.perf_counter()
        self._observe(len(jobs), fused - started, ended - fused, sum(len(v.said) for v in voices))
        timing = {"fusion": (fused - started) * 1000, "decode": (ended - fused) * 1000}
        gates = memory.gate.tolist()
        return [
            # a closed gate can be a negative zero
            (Answer(v.automaton.records(v.state), gate if job.seen else 0.0, tuple(v.said)), timing)
            for job, v, gate in zip(jobs, voices, gates, strict=True)
        ]

    def warm_up(self, seen: Seen) -> None:
        """Answer a prompt of every form's kind, so that the first request finds warm graphs."""
        for sight in (seen, None):
            source = self._bundle.prompter.encode(
                "Warm up", instruction.ENTITIES, ["person"], [form.REGION_ROLE]
            )
            self.read([ReadJob(Prompt(source, form.GROUNDED if sight else form.ENTITIES), sight)])

    def _automaton(self, prompt: Prompt, seen: Seen | None) -> Automaton:
        offered = len(seen.scores) if seen and Filler.REGION in prompt.form.fillers else 0
        return Automaton(
            prompt.source,
            prompt.form,
            self._bundle.prompter.tokenizer.markers,
            regions=range(1, offered + 1),
            head=prompt.head,
            tail=prompt.tail,
        )

    def _observe(self, prompts: int, fusion_s: float, decode_s: float, tokens: int) -> None:
        self._metrics.stage("fusion").observe(fusion_s)
        self._metrics.stage("decode").observe(decode_s)
        self._metrics.batch_size.labels(stage="read").observe(prompts)
        self._metrics.generated_tokens.inc(tokens)
