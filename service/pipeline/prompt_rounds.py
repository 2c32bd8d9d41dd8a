"""Rounds of prompts of one request, their gate values, and when answers may name regions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from schema.extraction import Gate, Task
from service.engine.interface import Answer, Engine, Prompt, VisualFeatures
from service.observability.timing import StageTimer
from tasks.records import Record, Region

MOST_PROMPTS = 256
"""Prompts of one call of the engine."""


class _Asked(NamedTuple):
    """A prompt, its task and the number of its text."""

    text: int
    task: Task
    prompt: Prompt


class PromptRounds:
    """Sends the prompts of a request to the engine, round by round.

    A round is one call of the engine, so its prompts share batches; the many prompts of a long
    text are several, so that other requests find room in the queue.
    """

    def __init__(self, engine: Engine, timer: StageTimer) -> None:
        """Create the rounds of one request.

        Args:
            engine: the engine that generates the answers.
            timer: receives the longest duration of each stage of a round.
        """
        self._engine = engine
        self._timer = timer
        self._gates: dict[Task, list[float]] = {task: [] for task in Task}

    async def run(
        self,
        asked: Sequence[Mapping[Task, Sequence[Prompt]]],
        visuals: Sequence[VisualFeatures | None],
    ) -> list[dict[Task, list[Answer]]]:
        """Generate the answers to one round of prompts.

        Args:
            asked: for each text the prompts of each task; tasks may be missing.
            visuals: for each text the features of the picture that it is read with, or None.

        Returns:
            For each text the answers of every task, in the order of its prompts.

        Raises:
            CapacityError: a leaf of it, if the engine cannot answer now.
        """
        batch = [
            _Asked(number, task, prompt)
            for number, prompts in enumerate(asked)
            for task, listed in prompts.items()
            for prompt in listed
        ]
        results: list[dict[Task, list[Answer]]] = [{task: [] for task in Task} for _ in asked]
        for first in range(0, len(batch), MOST_PROMPTS):
            part = batch[first : first + MOST_PROMPTS]
            answers = await self._engine.generate(
                [item.prompt for item in part], [visuals[item.text] for item in part]
            )
            for item, answer in zip(part, answers, strict=True):
                results[item.text][item.task].append(answer)
                self._gates[item.task].append(answer.gate)
            self._timer.add(_longest(answers))
        return results

    def gate(self) -> Gate:
        """Return the mean gate of each task's prompts so far; None for tasks without prompts."""
        means = {
            task.value: rounded_gate(sum(gates) / len(gates)) if gates else None
            for task, gates in self._gates.items()
        }
        return Gate(**means)


def rounded_gate(gate: float) -> float:
    """Round a gate for the response: four decimals, never negative, no negative zero."""
    return max(0.0, round(gate, 4))


def grounded_records(answers: Iterable[Answer]) -> list[Record]:
    """Collect the records of answers.

    Regions are removed from answers whose gate is rounded to zero, unless the weights decide
    between regions without the gate (`Answer.gated`).
    """
    return [
        record if rounded_gate(answer.gate) or not answer.gated else _without_regions(record)
        for answer in answers
        for record in answer.records
    ]


def _without_regions(record: Record) -> Record:
    asocs = tuple(asoc for asoc in record.asocs if not isinstance(asoc.filler, Region))
    return replace(record, asocs=asocs)


def _longest(answers: Sequence[Answer]) -> dict[str, float]:
    stages = {stage for answer in answers for stage in answer.timing_ms}
    return {s: max(answer.timing_ms.get(s, 0.0) for answer in answers) for s in stages}
