"""The first round of prompts passage by passage, for answers that are streamed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from schema.extraction import EntityFound, Task
from service.engine.interface import Answer
from service.pipeline.prompt_rounds import PromptRounds
from service.pipeline.text_extraction import TextExtraction

STREAMED_PASSAGES = 8
"""Passages of one call of the engine: fewer come sooner, more share batches."""


@dataclass(frozen=True, slots=True)
class PassageFound:
    """The entities of a passage; `number` counts from 0, offsets are those of its whole text.

    `part` is the index of the text's part, None for a request without parts.
    """

    number: int
    count: int
    part: int | None
    start: int
    end: int
    entities: list[EntityFound]


class Progress(Protocol):
    """Takes what is known of an answer before it is complete."""

    async def text(self, text: str) -> None:
        """Take the text that was read from a document."""

    async def passage(self, found: PassageFound) -> None:
        """Take a passage that is done; they come in the order of the text."""


async def first_round(
    rounds: PromptRounds,
    texts: Sequence[TextExtraction],
    numbers: Sequence[int | None],
    progress: Progress,
) -> list[dict[Task, list[Answer]]]:
    """Run the first round of prompts, some passages at a time.

    Args:
        rounds: the rounds of the request.
        texts: the texts of the request, whose first prompts are encoded.
        numbers: the index of each text's part, None for a request without parts.
        progress: takes the passages that are done.

    Returns:
        For each text the answers of every task, in the order of the passages.
    """
    results: list[dict[Task, list[Answer]]] = [{task: [] for task in Task} for _ in texts]
    count = sum(len(text.passages) for text in texts)
    done = 0
    for text, part, result in zip(texts, numbers, results, strict=True):
        for first in range(0, len(text.passages), STREAMED_PASSAGES):
            some = text.passages[first : first + STREAMED_PASSAGES]
            asked = {task: [p for one in some for p in one.prompts_of(task)] for task in Task}
            (answers,) = await rounds.run([asked], [text.visual])
            for task, listed in answers.items():
                result[task] += listed
            remaining = iter(answers[Task.ENTITIES])
            for passage in some:
                own = list(islice(remaining, len(passage.prompts_of(Task.ENTITIES))))
                start, end = text.span_of(passage.passage)
                entities = text.entities_in(passage, own)
                await progress.passage(PassageFound(done, count, part, start, end, entities))
                done += 1
    return results
