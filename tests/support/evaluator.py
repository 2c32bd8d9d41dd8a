"""An evaluator for tests whose answers follow a rule; by default they are the expected ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tasks import form
from tasks.document import Box
from tasks.ontology import Ontology
from tasks.records import Asoc, Region
from training.evaluation.evaluator import Chain
from training.evaluation.question import Prediction, Question

Rule = Callable[[Question], Prediction]


def wanted(question: Question) -> Prediction:
    """What the question wants; a box is region 1, 2, … in the order of the records."""
    boxes: dict[int, Box] = {}
    records = []
    for k, record in enumerate(question.example.records):
        shown = question.boxes[k] if question.boxes else ()
        if shown and question.example.form is form.GROUNDED:
            boxes[len(boxes) + 1] = shown[0]
            record = replace(record, asocs=(Asoc(form.REGION_ROLE, Region(len(boxes))),))
        records.append(record)
    return Prediction(tuple(records), boxes)


class FakeEvaluator:
    """Answers by `rule`, chains by text from `chains`; `asked` has every question that was put."""

    name = "umie-fake@0"
    about: Mapping[str, object] = {
        "kind": "bundle",
        "precision": "fp32",
        "threads": 1,
        "parameters": {"network": 1234567, "visual tower": 89},
        "files": {"fusion.onnx": 4096},
    }

    def __init__(
        self,
        rule: Rule = wanted,
        chains: Mapping[str, Prediction] | None = None,
        *,
        sees: bool = True,
        proposes: bool = True,
    ) -> None:
        self.rule, self.chains = rule, dict(chains or {})
        self.sees, self.proposes = sees, proposes
        self.asked: list[Question] = []

    def ask(self, questions: Sequence[Question], title: str) -> list[Prediction]:
        """By the rule."""
        self.asked += questions
        return [self.rule(question) for question in questions]

    def chain(
        self, chain: Chain, texts: Sequence[str], ontology: Ontology, title: str
    ) -> list[Prediction]:
        """What `chains` has of each text, nothing otherwise."""
        return [self.chains.get(text, Prediction()) for text in texts]

    def propose(self, pictures: Sequence[Path], title: str) -> list[list[Box]]:
        """The left half of every picture."""
        return [[(0.0, 0.0, 0.5, 1.0)] for _ in pictures]
