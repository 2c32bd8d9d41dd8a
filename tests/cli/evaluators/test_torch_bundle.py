from __future__ import annotations

from pathlib import Path

import pytest

from cli.evaluators.selection import choose
from cli.evaluators.torch_bundle import load_as_bundle
from tasks.errors import CheckpointError
from tests.support.converted import Converted
from tests.training.text.test_examples_of import DOCUMENT, ONTOLOGY, TEXT
from training.evaluation.evaluator import Chain, Evaluator
from training.evaluation.question import Question
from training.evaluation.questions_of import entity_questions, pair_questions


def test_torch_says_what_onnx_runtime_says(
    bundled: Evaluator, roomy: Path, questions: list[Question], pictures: list[Path]
) -> None:
    evaluator = choose(None, roomy / "checkpoint", None, threads=1)
    for one, other in zip(evaluator.ask(questions, ""), bundled.ask(questions, ""), strict=True):
        assert [r.unscored() for r in one.records] == [r.unscored() for r in other.records]
        scores = [[r.score for r in said.records] for said in (one, other)]
        assert scores[0] == pytest.approx(scores[1], abs=1e-4)
        assert one.boxes.keys() == other.boxes.keys()
        for number, box in one.boxes.items():
            assert box == pytest.approx(other.boxes[number], abs=1e-5)
    for chain in Chain:
        (one,), (other,) = (s.chain(chain, [TEXT], ONTOLOGY, "") for s in (evaluator, bundled))
        assert [r.unscored() for r in one.records] == [r.unscored() for r in other.records]
    proposed = zip(evaluator.propose(pictures, ""), bundled.propose(pictures, ""), strict=True)
    assert all(len(one) == len(other) for one, other in proposed)


def test_its_version_is_that_of_its_files(bundled: Evaluator, roomy: Path) -> None:
    evaluator = choose(None, roomy / "checkpoint", None, threads=1)
    assert evaluator.name != bundled.name and evaluator.name.startswith("umie-tiny-torch@")
    assert evaluator.name == load_as_bundle(roomy / "checkpoint").manifest.version
    files = evaluator.about["files"]
    assert evaluator.about["kind"] == "checkpoint" and isinstance(files, dict)
    assert {"tokenizer.json", "tower.safetensors", "umie-00001.safetensors"} == files.keys()


def test_converted_checkpoints_are_asked_without_pictures(converted_relu: Converted) -> None:
    evaluator = choose(None, converted_relu.folder / "checkpoint", None, threads=1)
    bundle = choose(converted_relu.folder / "bundle", None, None, threads=1)
    assert not evaluator.sees
    questions = [*entity_questions(DOCUMENT, ONTOLOGY), *pair_questions(DOCUMENT, ONTOLOGY)]
    for one, other in zip(evaluator.ask(questions, ""), bundle.ask(questions, ""), strict=True):
        assert one.asked
        assert [r.unscored() for r in one.records] == [r.unscored() for r in other.records]


def test_a_missing_checkpoint_is_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError):
        load_as_bundle(tmp_path)
