"""The protocol of evaluators, which answer an evaluation's questions with a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Protocol

from tasks.document import Box
from tasks.ontology import Ontology
from training.evaluation.question import Prediction, Question


class Chain(Enum):
    """What takes a chain of questions of which each follows from the answers before it."""

    RELATIONS = "entities, then the pairs among them"
    EVENTS = "triggers, then each one's arguments"


class Evaluator(Protocol):
    """A model to examine. Raises leaves of `UMIEError` where it cannot be reached."""

    @property
    def name(self) -> str:
        """The model's name and version."""

    @property
    def sees(self) -> bool:
        """Whether it takes pictures."""

    @property
    def proposes(self) -> bool:
        """Whether it tells all the regions that it proposes, as a service does not."""

    @property
    def about(self) -> Mapping[str, object]:
        """Its kind, and where it is at hand its size in parameters and bytes."""

    def ask(self, questions: Sequence[Question], title: str) -> list[Prediction]:
        """What it says to each question, in order; `title` names them while they are asked."""

    def chain(
        self, chain: Chain, texts: Sequence[str], ontology: Ontology, title: str
    ) -> list[Prediction]:
        """What it finds in each text, end to end.

        Records are entities whose asocs are the relations that they head, or triggers with their
        arguments.
        """

    def propose(self, pictures: Sequence[Path], title: str) -> list[list[Box]]:
        """The regions that it proposes in each picture, the best first."""
