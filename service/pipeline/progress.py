"""The first round of prompts passage by passage, for answers that are streamed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from schema.extraction import EntityFound, Task
from service.engine.interface import Answer, Prompt
from service.pipeline.part_results import Place, placed
from service.pipeline.passage_prompts import PassagePrompts
from service.pipeline.prompt_rounds import PromptRounds
from service.pipeline.text_extraction import TextExtraction

STREAMED_PASSAGES = 8
"""Passages of one call of the engine: fewer come sooner, more share batches."""


@dataclass(frozen=True, slots=True)
class PassageFound:
    """The entities of a passage; `number` counts from 0, offsets are those of its whole text.

    Regions have the ids of the whole answer, entities count from 0. `part` is the index of the
    text's part, None for a request without parts.
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
    places: Sequence[Place],
    progress: Progress,
) -> list[dict[Task, list[Answer]]]:
    """Run the first round of prompts, some passages at a time, of one text or of several.

    Args:
        rounds: the rounds of the request.
        texts: the texts of the request, whose first prompts are encoded.
        places: where each text is in the document.
        progress: takes the passages that are done.

    Returns:
        For each text the answers of every task, in the order of the passages.
    """
    results: list[dict[Task, list[Answer]]] = [{task: [] for task in Task} for _ in texts]
    passages = [(at, passage) for at, text in enumerate(texts) for passage in text.passages]
    visuals = [text.visual for text in texts]
    for first in range(0, len(passages), STREAMED_PASSAGES):
        some = passages[first : first + STREAMED_PASSAGES]
        answers = await rounds.run([_asked(some, at) for at in range(len(texts))], visuals)
        for result, found in zip(results, answers, strict=True):
            for task, listed in found.items():
                result[task] += listed
        remaining = [iter(found[Task.ENTITIES]) for found in answers]
        for number, (at, passage) in enumerate(some, start=first):
            own = list(islice(remaining[at], len(passage.prompts_of(Task.ENTITIES))))
            start, end = texts[at].span_of(passage.passage)
            entities = [placed(e, places[at]) for e in texts[at].entities_in(passage, own)]
            part = places[at].part
            await progress.passage(PassageFound(number, len(passages), part, start, end, entities))
    return results


def _asked(some: Sequence[tuple[int, PassagePrompts]], at: int) -> dict[Task, list[Prompt]]:
    """The prompts of those passages that are of text `at`."""
    return {
        task: [prompt for text, one in some if text == at for prompt in one.prompts_of(task)]
        for task in Task
    }
