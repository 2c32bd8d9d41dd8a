"""The protocol of evaluators, which run the questions of an evaluation with a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Protocol

from tasks.document import Box
from tasks.ontology import Ontology
from training.evaluation.question import Prediction, Question


class Chain(Enum):
    """End-to-end prediction with several prompts, each of which depends on earlier answers."""

    RELATIONS = "entities, then the pairs among them"
    EVENTS = "triggers, then each one's arguments"


class Evaluator(Protocol):
    """A model to evaluate. Methods raise subclasses of `UMIEError` if it is not reachable."""

    @property
    def name(self) -> str:
        """The model's name and version."""

    @property
    def sees(self) -> bool:
        """Whether the model accepts pictures."""

    @property
    def proposes(self) -> bool:
        """Whether all proposed regions are available; a remote service does not return them."""

    @property
    def about(self) -> Mapping[str, object]:
        """The kind of evaluator and, for a local model, its parameters and bytes."""

    def ask(self, questions: Sequence[Question], title: str) -> list[Prediction]:
        """Predict each question, in order; `title` is the label of the progress bar."""

    def chain(
        self, chain: Chain, texts: Sequence[str], ontology: Ontology, title: str
    ) -> list[Prediction]:
        """Predict each text end to end.

        Records are entities whose asocs are the relations that they head, or triggers with their
        arguments.
        """

    def propose(self, pictures: Sequence[Path], title: str) -> list[list[Box]]:
        """The proposed regions of each picture, best first."""
