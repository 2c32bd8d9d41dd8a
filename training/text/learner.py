"""A model with its prompter and training objective."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from models.umie import UMIE
from tasks.instruction import Prompter
from tasks.tokenizer import Markers
from training.text.collation import Batch, Prompts, SpelledBatch, collate, collate_spelled
from training.text.example import Encoded, Example, Spelled, encode, encode_span_first, spell
from training.text.loss import Outcome, VisualBatch, decision_loss, spelling_loss

ItemT = TypeVar("ItemT", bound=Spelled)
BatchT = TypeVar("BatchT", bound=Prompts)


@dataclass(frozen=True)
class Objective(Generic[ItemT, BatchT]):
    """Encoding, collation and loss of examples.

    encode: encodes an example, None if it cannot be used, like `example.encode`. collate: converts
    encoded examples to a batch. loss: the loss of a model on a batch and its visual features.
    """

    encode: Callable[[Example, Prompter], ItemT | None]
    collate: Callable[[Sequence[ItemT], Markers], BatchT]
    loss: Callable[[UMIE, BatchT, VisualBatch], Outcome]


DECISIONS: Objective[Encoded, Batch] = Objective(encode, collate, decision_loss)
"""Cross-entropy over the symbols that the grammar admits, as in constrained decoding."""

SPAN_FIRST: Objective[Encoded, Batch] = Objective(encode_span_first, collate, decision_loss)
"""The same for models that decode spans before types."""

SPELLING: Objective[Spelled, SpelledBatch] = Objective(spell, collate_spelled, spelling_loss)
"""Teacher forcing over the whole vocabulary, as the published code trains."""


def decision_objective(model: UMIE) -> Objective[Encoded, Batch]:
    """The objective of a model with a copy head, by its order of span and type."""
    return SPAN_FIRST if model.config.span_first else DECISIONS


@dataclass(frozen=True)
class Learner:
    """A model, its prompter and its objective."""

    model: UMIE
    prompter: Prompter
    objective: Objective[Any, Any]

    @classmethod
    def of(cls, model: UMIE, prompter: Prompter) -> Learner:
        """Select the objective that matches how the model is decoded."""
        spelled = model.copy_head is None
        return cls(model, prompter, SPELLING if spelled else decision_objective(model))
