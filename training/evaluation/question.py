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

    unit: what the question belongs to, drawn as one by the bootstrap: a text or a picture. boxes:
    for each of the example's records the boxes that show it, none where the picture does not.
    picture: None where the text stands alone.
    """

    example: Example
    unit: str
    boxes: tuple[tuple[Box, ...], ...] = ()
    picture: Path | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a subject said to one question.

    boxes: of the picture's regions by their numbers, as far as they are known. asked: False where
    the question could not be put, a text being too long or a pair not spelt by any tokens; it has
    no records then, and whatever was wanted counts as missed.
    """

    records: tuple[Record, ...] = ()
    boxes: Mapping[int, Box] = field(default_factory=dict)
    asked: bool = True


NO_PREDICTION = Prediction(asked=False)
