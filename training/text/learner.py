"""What is trained: a model, how it is asked, and what its answers are compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from models.umie import UMIE
from tasks.instruction import Prompter
from tasks.tokenizer import Markers
from training.text.batch import Batch, Prompts, SpelledBatch, collate, collate_spelled
from training.text.exercise import Encoded, Exercise, Spelled, encode, encode_span_first, spell
from training.text.loss import Outcome, Sights, decision_loss, spelling_loss

ItemT = TypeVar("ItemT", bound=Spelled)
BatchT = TypeVar("BatchT", bound=Prompts)


@dataclass(frozen=True)
class Objective(Generic[ItemT, BatchT]):
    """The way from exercises to a loss.

    encode: an exercise in ids, None where it cannot be learned from, as `exercise.encode`. collate:
    several of them as tensors. loss: what to make small, given the batch's pictures.
    """

    encode: Callable[[Exercise, Prompter], ItemT | None]
    collate: Callable[[Sequence[ItemT], Markers], BatchT]
    loss: Callable[[UMIE, BatchT, Sights], Outcome]


DECISIONS: Objective[Encoded, Batch] = Objective(encode, collate, decision_loss)
"""Train as you decode: choices among what the grammar admits."""

SPAN_FIRST: Objective[Encoded, Batch] = Objective(encode_span_first, collate, decision_loss)
"""The same for weights that write spans before types."""

SPELLING: Objective[Spelled, SpelledBatch] = Objective(spell, collate_spelled, spelling_loss)
"""Teacher forcing over the whole vocabulary, as the published code trains."""


@dataclass(frozen=True)
class Learner:
    """A model, the prompts that it reads and its objective."""

    model: UMIE
    prompter: Prompter
    objective: Objective[Any, Any]

    @classmethod
    def of(cls, model: UMIE, prompter: Prompter) -> Learner:
        """With the objective that fits how the model's answers will be decoded."""
        if model.copy_head is None:
            return cls(model, prompter, SPELLING)
        return cls(model, prompter, SPAN_FIRST if model.config.span_first else DECISIONS)
