"""The first round of prompts passage by passage, for answers that are streamed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from schema.extraction import EntityFound, Task
from service.engine.interface import Answer, Prompt
from service.pipeline.documents import merge_entities
from service.pipeline.entities import entities_of
from service.pipeline.passage_prompts import PassagePrompts
from service.pipeline.passages import Passage
from service.pipeline.prompt_rounds import PromptRounds, grounded_records

STREAMED_PASSAGES = 8
"""Passages of one call of the engine: fewer come sooner, more share batches."""


@dataclass(frozen=True, slots=True)
class PassageFound:
    """The entities of a passage; `number` counts from 0, offsets are those of the whole text."""

    number: int
    count: int
    passage: Passage
    entities: list[EntityFound]


class Progress(Protocol):
    """Takes what is known of an answer before it is complete."""

    async def text(self, text: str) -> None:
        """Take the text that was read from a document."""

    async def passage(self, found: PassageFound) -> None:
        """Take a passage that is done; they come in the order of the text."""


async def first_round(
    rounds: PromptRounds,
    parts: Sequence[PassagePrompts],
    min_score: float,
    progress: Progress | None,
) -> dict[Task, list[Answer]]:
    """Run the first round of prompts, at once or, with `progress`, some passages at a time.

    Args:
        rounds: the rounds of the request.
        parts: the passages with their prompts.
        min_score: smallest score of the entities that `progress` takes.
        progress: takes the passages that are done, or None.

    Returns:
        The answers of every task, in the order of the passages.
    """
    if progress is None:
        return await rounds.run(prompts_by_task(parts))
    results: dict[Task, list[Answer]] = {task: [] for task in Task}
    for first in range(0, len(parts), STREAMED_PASSAGES):
        some = parts[first : first + STREAMED_PASSAGES]
        answers = await rounds.run(prompts_by_task(some))
        for task, listed in answers.items():
            results[task] += listed
        found = answers[Task.ENTITIES]
        for at, part in enumerate(some):
            records = grounded_records(found[at : at + 1])
            entities = entities_of(records, min_score)
            # of one passage: moves the offsets
            merged = merge_entities([part.passage], [entities]).entities
            await progress.passage(PassageFound(first + at, len(parts), part.passage, merged))
    return results


def prompts_by_task(parts: Sequence[PassagePrompts]) -> dict[Task, list[Prompt]]:
    """Collect the prompts of passages by task, in the order of the passages."""
    return {task: [part.prompts[task] for part in parts if task in part.prompts] for task in Task}
