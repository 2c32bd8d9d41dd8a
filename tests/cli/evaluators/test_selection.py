from __future__ import annotations

from pathlib import Path

import pytest
import torch

from cli.evaluators.selection import choose
from tasks.errors import BundleError, DataError
from tests.training.text.test_examples_of import DOCUMENT, ONTOLOGY
from training.evaluation.questions_of import entity_questions


def test_one_is_chosen(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="one of"):
        choose(tmp_path, tmp_path, None)
    with pytest.raises(DataError, match="one of"):
        choose(None, tmp_path, "http://somewhere")
    with pytest.raises(DataError, match="--free"):
        choose(None, None, "http://somewhere", free=True)


def test_by_default_the_bundle_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match="bundles/standard"):
        choose(None, None, None)


def test_threads_are_those_asked_for(roomy: Path) -> None:
    before = torch.get_num_threads()
    try:
        evaluator = choose(roomy / "bundle", None, None, threads=2)
        assert evaluator.about["threads"] == torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_answers_can_leave_the_grammar(roomy: Path) -> None:
    questions = list(entity_questions(DOCUMENT, ONTOLOGY))
    (free,), (kept,) = (
        choose(roomy / "bundle", None, None, threads=1, free=free).ask(questions, "")
        for free in (True, False)
    )
    assert free != kept
