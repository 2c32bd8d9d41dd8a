from __future__ import annotations

from dataclasses import replace

from tasks.document import Box
from tests.support.evaluator import FakeEvaluator, wanted
from tests.training.evaluation.test_single_person import FOLDER, TWO, photo
from training.evaluation.question import Prediction, Question
from training.evaluation.two_names import two_name_questions, two_name_rows
from training.flickr8k import Photo

LEFT: Box = (0.0, 0.0, 0.4, 1.0)
RIGHT: Box = (0.6, 0.0, 1.0, 1.0)


def apart(photo: Photo = TWO) -> Photo:
    first, second = photo.boxes
    return replace(photo, boxes=(replace(first, corners=LEFT), replace(second, corners=RIGHT)))


def test_captions_with_two_people_who_stand_apart() -> None:
    one = photo("a.jpg", "A woman runs .", ("A woman", "1", "people"))
    (question,) = two_name_questions([one, TWO, apart()], FOLDER)  # the boxes of TWO are the same
    assert question.boxes == ((LEFT,), (RIGHT,))
    first, second = question.example.records
    assert first.span is not None and second.span is not None
    assert question.example.text == f"{first.span.text} waves at {second.span.text} ."


def test_two_names_in_one_region_are_a_fault() -> None:
    def one_box(question: Question) -> Prediction:
        said = wanted(question)
        return Prediction(
            tuple(replace(r, asocs=said.records[0].asocs) for r in said.records), said.boxes
        )

    def first_alone(question: Question) -> Prediction:
        said = wanted(question)
        return Prediction((said.records[0], replace(said.records[1], asocs=())), said.boxes)

    found = {
        rule.__name__: [
            (row.correct, row.gold)
            for row in two_name_rows(FakeEvaluator(rule), [apart()], FOLDER, 9)
        ]
        for rule in (wanted, one_box, first_alone)
    }
    # boxed, right, and of those boxed in one region
    assert found["wanted"] == [(1, 1), (1, 1), (0, 1)]
    assert found["one_box"] == [(1, 1), (0, 1), (1, 1)]
    assert found["first_alone"] == [(0, 1), (0, 1), (0, 0)]
