from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks import form
from tasks.document import Box
from tasks.ontology import load
from tasks.records import Asoc, Record, Region, Span
from tests.support.evaluator import FakeEvaluator
from tests.training.evaluation.test_pictures import draw
from tests.training.text.test_examples_of import DOCUMENT, ONTOLOGY
from training.corpora.m2e2_pictures import Links, PictureEvent
from training.evaluation.counts import Counts
from training.evaluation.events import arguments
from training.evaluation.m2e2_rule import M2E2Rule
from training.evaluation.media import CARRIER, PictureAnswer, ask_pictures, media_rows
from training.evaluation.metric import Metric, Outcome
from training.evaluation.pictures import Pictures
from training.evaluation.question import Prediction, Question
from training.evaluation.questions_of import trigger_questions
from training.evaluation.spans import exactly, typed

SIZE = (100, 50)
LEFT: Box = (0.0, 0.0, 0.5, 1.0)
CORNER: Box = (0.0, 0.0, 0.1, 0.2)
FIGHT = PictureEvent(
    "A_0",
    "attack",
    (("attacker", (0, 0, 50, 50)), ("attacker", (0, 0, 40, 50)), ("place", (0, 0, 100, 50))),
)
PHOTO = Span(CARRIER, 0, len(CARRIER))


def answer(event: PictureEvent, label: str, *asocs: tuple[str, int]) -> PictureAnswer:
    found = tuple(Asoc(role, Region(k)) for role, k in asocs)
    said = Prediction((Record(label, PHOTO, found),), {1: LEFT, 2: CORNER, 3: (0.0, 0.0, 0.0, 0.0)})
    return PictureAnswer(event, said, SIZE)


def total(scores: tuple[str, object]) -> Counts:
    counts = scores[1]
    assert isinstance(counts, dict)
    return sum(counts.values(), Counts())


@pytest.mark.parametrize(
    ("event", "said", "expected"),
    [
        (FIGHT, "attack", Counts(1, 1, 1)),
        (FIGHT, "meet", Counts(0, 1, 1)),
        (PictureEvent("A_1", None), "meet", Counts(0, 1, 0)),
    ],
)
def test_a_picture_has_one_event_at_most(event: PictureEvent, said: str, expected: Counts) -> None:
    assert total(answer(event, said).events()) == expected
    assert total(PictureAnswer(event, Prediction(), SIZE).events()) == Counts(gold=expected.gold)


@pytest.mark.parametrize(
    ("said", "asocs", "expected"),
    [
        ("attack", [("attacker", 1)], Counts(1, 1, 3)),
        ("attack", [("attacker", 1), ("attacker", 1)], Counts(2, 2, 3)),
        ("attack", [("attacker", 1)] * 3, Counts(2, 3, 3)),  # each gold box is used once
        ("attack", [("target", 1), ("place", 1)], Counts(1, 2, 3)),  # IoU 0.5 with the whole
        ("attack", [("attacker", 2)], Counts(0, 1, 3)),
        ("attack", [("attacker", 3)], Counts(0, 1, 3)),  # no area
        ("attack", [("attacker", 9)], Counts(0, 1, 3)),  # a region that was not told
        ("meet", [("attacker", 1)], Counts(0, 1, 3)),  # the event's type is wrong
        ("attack", [], Counts(0, 0, 3)),
    ],
)
def test_arguments_of_pictures_strictly(
    said: str, asocs: list[tuple[str, int]], expected: Counts
) -> None:
    assert total(answer(FIGHT, said, *asocs).arguments(M2E2Rule.STRICT)) == expected


def test_other_rules_are_more_lenient() -> None:
    inside = answer(FIGHT, "attack", ("attacker", 2), ("place", 2))
    assert total(inside.arguments(M2E2Rule.STRICT)) == Counts(0, 2, 3)
    assert total(inside.arguments(M2E2Rule.WASE)) == Counts(2, 2, 3)
    assert total(inside.arguments(M2E2Rule.WASE_WITHOUT_PLACE)) == Counts(1, 1, 2)


def test_spans_are_no_arguments_of_pictures() -> None:
    said = Prediction((Record("attack", PHOTO, (Asoc("attacker", PHOTO),)),))
    counts = total(PictureAnswer(FIGHT, said, SIZE).arguments(M2E2Rule.STRICT))
    assert counts == Counts(0, 0, 3)


def test_pictures_have_prompts_for_event_and_arguments(tmp_path: Path) -> None:
    for name in ("A_0", "A_1"):
        draw(tmp_path / f"{name}.jpg", SIZE)

    def rule(question: Question) -> Prediction:
        example = question.example
        assert example.text == CARRIER and question.picture is not None
        if example.form is form.TRIGGERS:
            assert example.spots == tuple(t.name for t in load("m2e2").events)
            there = question.unit == "A_0"
            return Prediction((Record("attack", PHOTO), Record("meet", PHOTO)) if there else ())
        assert example.spots == ("attack",) and example.form is form.ARGUMENTS
        assert example.asocs == load("m2e2").event("attack").roles
        return Prediction((Record("attack", None, (Asoc("attacker", Region(1)),)),), {1: LEFT})

    events = [FIGHT, PictureEvent("A_1", None), PictureEvent("A_2", "meet")]
    evaluator = FakeEvaluator(rule)
    answers = ask_pictures(evaluator, events, Pictures.under(tmp_path), load("m2e2"), "")
    assert [a.event.image for a in answers] == ["A_0", "A_1"]  # the third is not at hand
    assert answers[0].predicted.records == (
        Record("attack", PHOTO, (Asoc("attacker", Region(1)),)),
    )
    assert answers[1].predicted.records == () and answers[0].size == SIZE
    assert len(evaluator.asked) == 3
    assert total(answers[0].arguments(M2E2Rule.STRICT)) == Counts(1, 1, 3)


def test_multimedia_sums_linked_texts_and_pictures() -> None:
    scores = {
        "trigger classification": exactly(typed),
        "arguments, end to end": exactly(arguments, distinct=True),
    }
    (question,) = trigger_questions(DOCUMENT, ONTOLOGY)  # one trigger with two arguments
    questions = [question, replace(question, unit="other")]
    texts = Outcome(
        Metric("", scores), questions, [Prediction(question.example.records), Prediction()]
    )
    answers = [
        answer(FIGHT, "attack", ("attacker", 1)),
        answer(PictureEvent("B_0", "meet", (("entity", (0, 0, 50, 50)),)), "meet"),
    ]
    links = Links(frozenset({"A_5"}), frozenset({"A_0"}))
    rows = media_rows(answers, texts, ["A_5", "B_5"], links, M2E2Rule.STRICT)
    assert {row.score: (row.correct, row.predicted, row.gold) for row in rows} == {
        "image events": (2, 2, 2),
        "image arguments": (1, 1, 4),
        "multimedia events": (2, 2, 2),
        "multimedia arguments": (3, 3, 5),
    }
