"""Questions of every kind, and the tiny model's bundle as a subject."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cli.evaluators.selection import choose
from tests.training.text.test_examples_of import DOCUMENT, ONTOLOGY
from training.evaluation.evaluator import Evaluator
from training.evaluation.question import Question
from training.evaluation.questions_of import (
    argument_questions,
    entity_questions,
    joint_questions,
    pair_questions,
    trigger_questions,
)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two pictures of coarse patterns."""
    folder = tmp_path_factory.mktemp("pictures")
    paths = []
    for k in range(2):
        values = np.random.default_rng(k).integers(0, 255, (8, 8, 3), dtype=np.uint8)
        paths.append(folder / f"{k}.png")
        Image.fromarray(values).resize((64, 64), Image.Resampling.NEAREST).save(paths[-1])
    return paths


@pytest.fixture(scope="session")
def questions(pictures: list[Path]) -> list[Question]:
    """Of all forms, entities with pictures and without."""
    return [
        *entity_questions(DOCUMENT, ONTOLOGY),
        *entity_questions(DOCUMENT, ONTOLOGY, pictures[0]),
        *entity_questions(DOCUMENT, ONTOLOGY, pictures[1]),
        *pair_questions(DOCUMENT, ONTOLOGY),
        *joint_questions(DOCUMENT, ONTOLOGY),
        *trigger_questions(DOCUMENT, ONTOLOGY),
        *argument_questions(DOCUMENT, ONTOLOGY),
    ]


@pytest.fixture(scope="session")
def bundled(roomy: Path) -> Evaluator:
    """The bundle's model."""
    return choose(roomy / "bundle", None, None, threads=1)
