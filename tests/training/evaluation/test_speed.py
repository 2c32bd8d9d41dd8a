from __future__ import annotations

from pathlib import Path

from tests.support.evaluator import FakeEvaluator
from training.evaluation.samples import read_samples
from training.evaluation.speed import speed_of


def test_every_kind_of_request_is_timed() -> None:
    evaluator = FakeEvaluator()
    part = speed_of(evaluator, [Path("a.jpg"), Path("b.jpg")])
    assert part["threads"] == 1
    assert part["requests"] == len(read_samples())
    assert set(part["milliseconds"]) == {
        "entities",
        "entities and relations",
        "events",
        "entities and their regions",
    }
    for times in part["milliseconds"].values():
        assert 0 <= times["median"] <= times["p95"]
    assert "logical cores" in part["machine"]
    assert {q.picture for q in evaluator.asked} == {None, Path("a.jpg"), Path("b.jpg")}


def test_without_pictures_or_eyes_there_are_texts_alone() -> None:
    for evaluator, pictures in (
        (FakeEvaluator(), []),
        (FakeEvaluator(sees=False), [Path("a.jpg")]),
    ):
        assert "entities and their regions" not in speed_of(evaluator, pictures)["milliseconds"]
