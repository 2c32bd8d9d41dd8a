from __future__ import annotations

from dataclasses import replace

import numpy as np

from tasks.ontology import load
from tests.support.evaluator import FakeEvaluator, wanted
from tests.training.evaluation.test_single_person import FOLDER, photo
from training.evaluation import grounding_wordings
from training.evaluation.question import Prediction, Question
from training.evaluation.row import Row
from training.evaluation.single_person import Portrait, portraits_of


def portraits(count: int = 4) -> list[Portrait]:
    photos = [photo(f"{k}.jpg", "A man runs .", ("A man", "1", "people")) for k in range(count)]
    return portraits_of(photos, FOLDER, count)


def by_name(rows: list[Row]) -> dict[str, Row]:
    assert len({row.score for row in rows}) == len(rows)
    return {row.score: row for row in rows}


def test_there_are_many_kinds_and_each_frame_has_one_name() -> None:
    kinds = grounding_wordings.sentence_kinds()
    frames = [frame for frames in kinds.values() for frame in frames]
    assert len(kinds) >= 30 and len(set(frames)) == len(frames)
    assert all(frame.count("{") == frame.count("}") == 1 for frame in frames)


def test_whoever_is_always_right_has_no_spread() -> None:
    rows = by_name(grounding_wordings.kind_rows(FakeEvaluator(), portraits()))
    assert rows["grounded rightly"].f1 == 100.0
    assert rows["grounded rightly"].gold == 4 * len(grounding_wordings.sentence_kinds())
    assert rows["spread between kinds"].f1 == rows["spread between kinds"].high == 0.0
    assert rows["kind: pride"].f1 == 100.0


def test_the_worst_kind_has_an_interval() -> None:
    def hates_questions(question: Question) -> Prediction:
        said = wanted(question)
        bare = tuple(replace(record, asocs=()) for record in said.records)
        asks = question.example.text.endswith("?") and question.unit != "0.jpg"
        return Prediction(bare, said.boxes) if asks else said

    rows = by_name(grounding_wordings.kind_rows(FakeEvaluator(hates_questions), portraits()))
    worst = rows["worst kind: question"]
    assert (worst.f1, worst.correct, worst.gold) == (25.0, 1, 4)
    assert worst.low <= 25.0 <= worst.high
    assert rows["spread between kinds"].f1 == 75.0
    assert rows["kind: pride"].f1 == 100.0


def test_intervals_are_over_photos() -> None:
    right = np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 1.0, 0.0]])
    worst, spread = grounding_wordings.spread_rows(right, ["first", "second"])
    assert (worst.score, worst.f1, spread.f1) == ("worst kind: second", 50.0, 50.0)
    assert worst.low < 50.0 < worst.high and spread.low < 50.0 < spread.high
    assert grounding_wordings.spread_rows(np.zeros((0, 0)), []) == []


def test_own_types_stand_beside_person_on_the_same_sentences() -> None:
    evaluator = FakeEvaluator()
    rows = by_name(grounding_wordings.type_rows(evaluator, portraits()))
    assert {f"types of {name}: grounded" for name in ("twitter4", "fmnerg8", "fmnerg51")} <= set(
        rows
    )
    for word in ("player", "athlete", "mayor", "striker", "singer"):
        about_it = f"in sentences about a {word}: grounded"
        assert rows[f'own types, "person" {about_it}'].f1 == 100.0
        assert rows[f'own types, "{word}" {about_it}'].f1 == 100.0
    lists = {question.example.spots for question in evaluator.asked}
    assert ("player", "club", "stadium", "trophy") in lists
    assert ("person", "club", "stadium", "trophy") in lists
    for inventory in ("fmnerg8", "fmnerg51"):
        assert tuple(kind.name for kind in load(inventory).entities) in lists
