from __future__ import annotations

from dataclasses import replace

from tasks import form, instruction
from tasks.records import Asoc, Record, Region, Span
from tests.training.evaluation.test_spans import ANN, NASA, TEXT, entity
from training.evaluation.examples import LONGEST, MOST, described, examples_of
from training.evaluation.metric import Metric, Outcome
from training.evaluation.question import Prediction, Question
from training.text.example import Example


def asked(text: str) -> Question:
    example = Example(text, instruction.ENTITIES, form.ENTITIES, (entity(ANN),))
    return Question(example, text)


def outcome(questions: list[Question], said: list[Prediction]) -> Outcome:
    return Outcome(Metric("entities", {}), questions, said)


def test_records_in_words() -> None:
    both = Record("person", ANN, (Asoc("member of", NASA), Asoc("region", Region(3))))
    assert described([entity(ANN), both]) == (
        "person: Ann",
        "person: Ann",
        "person: Ann, member of: NASA",
        "person: Ann, region: O3",
    )
    assert described([Record("attack", None, (Asoc("target", NASA),))]) == ("attack, target: NASA",)
    assert described([Record("attack", None)]) == ("attack",)
    assert described([Record(None, ANN, (Asoc("knows", NASA),))]) == ("Ann, knows: NASA",)


def test_only_wrong_answers_are_shown() -> None:
    questions = [asked(TEXT), asked(f"{TEXT} .")]
    shown = examples_of("conll04", outcome(questions, [Prediction((entity(ANN),)), Prediction()]))
    assert [(e.text, e.said, e.wanted, e.task) for e in shown] == [
        (f"{TEXT} .", (), ("person: Ann",), "entities")
    ]


def test_which_are_shown_is_fixed_and_does_not_depend_on_their_order() -> None:
    questions = [asked(f"{TEXT} {k}") for k in range(30)]
    said = [Prediction()] * 30
    shown = examples_of("conll04", outcome(questions, said))
    assert len(shown) == MOST
    assert examples_of("conll04", outcome(questions[::-1], said)) == shown
    assert [e.text for e in shown] != [q.example.text for q in questions[:MOST]]


def test_posts_and_long_texts_are_not_shown() -> None:
    questions, said = [asked(TEXT)], [Prediction()]
    for corpus in ("twitter2015", "twitter2017", "gmner", "mnre", "casie", "m2e2", "flickr8k"):
        assert examples_of(corpus, outcome(questions, said)) == []
    long = asked("x" * (LONGEST + 1))
    assert examples_of("broad_twitter", outcome([long], said)) == []


def test_a_pair_is_named() -> None:
    question = asked(TEXT)
    pair = replace(question, example=replace(question.example, head=(0, 3), tail=(15, 19)))
    (shown,) = examples_of(
        "samples", outcome([pair], [Prediction((Record(None, Span("x", 0, 1)),))])
    )
    assert shown.task == "entities (Ann, NASA)" and shown.to_json()["corpus"] == "samples"
