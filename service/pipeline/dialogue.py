"""One request's prompts to the engine and its answers, told apart by task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from schema.extraction import Gate, Task
from service.engine.interface import Answer, Engine, Prompt, VisualFeatures
from service.observability.timing import StageTimer
from service.pipeline.grounding import shown_gate

Prompts = Mapping[Task, Sequence[Prompt]]


class Dialogue:
    """Each `ask` is one call of the engine, so that its prompts share batches."""

    def __init__(self, engine: Engine, visual: VisualFeatures | None, watch: StageTimer) -> None:
        self._engine = engine
        self._seen = visual
        self._watch = watch
        self._gates: dict[Task, list[float]] = {task: [] for task in Task}

    async def ask(self, prompts: Prompts) -> dict[Task, list[Answer]]:
        """The answers to `prompts`, by task and in order; raises leaves of `CapacityError`."""
        asked = [(task, prompt) for task, batch in prompts.items() for prompt in batch]
        said: dict[Task, list[Answer]] = {task: [] for task in Task}
        if not asked:
            return said
        answers = await self._engine.generate([prompt for _, prompt in asked], self._seen)
        for (task, _), answer in zip(asked, answers, strict=True):
            said[task].append(answer)
            self._gates[task].append(answer.gate)
        self._watch.add(_longest(answers))
        return said

    def gate(self) -> Gate:
        """The mean gate of each task's prompts so far; None where there were none."""
        means = {
            task.value: shown_gate(sum(gates) / len(gates)) if gates else None
            for task, gates in self._gates.items()
        }
        return Gate(**means)


def _longest(answers: Sequence[Answer]) -> dict[str, float]:
    stages = {stage for answer in answers for stage in answer.timing_ms}
    return {s: max(answer.timing_ms.get(s, 0.0) for answer in answers) for s in stages}
