"""A question of an evaluation task, and its prediction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tasks.document import Box
from tasks.records import Record
from training.text.example import Example


@dataclass(frozen=True, slots=True)
class Question:
    """An example as a question of an evaluation task.

    unit: the text or picture of the question, which the bootstrap samples as a whole. boxes:
    the boxes of each record of the example, empty if the picture does not show it.
    picture: None for text-only questions.
    """

    example: Example
    unit: str
    boxes: tuple[tuple[Box, ...], ...] = ()
    picture: Path | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """The prediction for one question.

    boxes: boxes of the picture's regions by index, as far as known. asked: False if the question
    could not be encoded, because the text is too long or a pair cannot be copied; it has no
    records then, and all gold items count as missed.
    """

    records: tuple[Record, ...] = ()
    boxes: Mapping[int, Box] = field(default_factory=dict)
    asked: bool = True


NO_PREDICTION = Prediction(asked=False)
