from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.document import Document, Mention, Relation
from tasks.ontology import load
from tasks.records import Record, Span
from tests.support.subject import FakeSubject, wanted
from tests.training.evaluation.test_pictures import draw
from training.evaluation.label_order import LabelOrder
from training.evaluation.pictures import Pictures
from training.evaluation.plan import Exam, exams_of, hold
from training.evaluation.question import Question, Said
from training.evaluation.samples import read_samples
from training.evaluation.subject import Chain

TEXT = "Ann sings in Oslo"
POST = Document(
    TEXT,
    "gmner",
    "test",
    "fmnerg51",
    image="7",
    entities=(
        Mention(0, 3, "musician", ((0.0, 0.0, 0.5, 1.0),)),
        Mention(13, 17, "city"),
    ),
)
NEWS = Document(
    TEXT,
    "conll04",
    "test",
    "conll04",
    entities=(Mention(0, 3, "person"), Mention(13, 17, "location")),
    relations=(Relation("live in", 0, 1),),
)
PAIR = Document(
    TEXT,
    "mnre",
    "test",
    "mnre",
    relations=(Relation("place of residence", 0, 1),),
    pair_mentions=(Mention(0, 3, ""), Mention(13, 17, "")),
)


def titles(exams: list[Exam]) -> list[str]:
    return [exam.marking.title for exam in exams]


def put(
    exam: Exam,
    document: Document,
    subject: FakeSubject | None = None,
    pictures: Pictures | None = None,
    order: LabelOrder = LabelOrder.INVENTORY,
) -> dict[str, float]:
    """F1 by score."""
    outcome = hold(
        exam,
        [document],
        load(document.ontology),
        subject or FakeSubject(),
        pictures or Pictures.none(),
        order,
    )
    return {row.score: row.f1 for row in outcome.rows()}


def test_what_is_annotated_is_asked() -> None:
    assert titles(exams_of("gmner", [POST], pictures=False)) == ["entities"]
    assert titles(exams_of("conll04", [NEWS], pictures=False)) == [
        "relations end to end",
        "joint relations",
    ]
    assert titles(exams_of("mnre", [PAIR], pictures=False)) == ["pair relations"]
    assert titles(exams_of("samples", read_samples(), pictures=False)) == [
        "entities",
        "pair relations",
        "events end to end",
        "arguments, trigger given",
    ]
    assert exams_of("gmner", [], pictures=False) == []


def test_fine_types_are_scored_at_three_levels() -> None:
    """A band is no musician, but both are of the eight types' persons or organizations."""
    (exam,) = exams_of("fmnerg51", [POST], pictures=False)

    def actor(question: Question) -> Said:
        first, second = wanted(question).records
        return Said((replace(first, label="actor"), replace(second, label="park")))

    assert put(exam, POST, FakeSubject(actor)) == {
        "entities": 0.0,
        "entities, 8 types": 100.0,
        "entities, 4 types": 100.0,
        "entities as strings": 0.0,
    }

    def building(question: Question) -> Said:
        first, second = wanted(question).records
        return Said((first, replace(second, label="cultural place")))

    scores = put(exam, POST, FakeSubject(building))
    # a building is not of the eight types' locations, but of the four types'
    assert (scores["entities, 8 types"], scores["entities, 4 types"]) == (50.0, 100.0)


def test_with_pictures_entities_are_grounded(tmp_path: Path) -> None:
    draw(tmp_path / "7.jpg")
    pictures = Pictures.under(tmp_path)
    (exam,) = exams_of("fmnerg51", [POST], pictures=True)
    scores = put(exam, POST, pictures=pictures)
    assert set(scores.values()) == {100.0}
    assert {
        "grounded entities (GMNER)",
        "grounded entities, groundable only",
        "grounded entities, IoU > 0.5",
        "grounded spans (EEG)",
        "grounded entities, 8 types",
        "grounded entities, 4 types",
    } <= scores.keys()
    blind = put(exam, POST, FakeSubject(lambda q: Said(q.example.records)), pictures)
    assert blind["entities"] == 100.0 and blind["grounded entities (GMNER)"] == 50.0


def test_a_post_whose_picture_is_missing_is_asked_without(tmp_path: Path) -> None:
    draw(tmp_path / "8.jpg")
    (exam,) = exams_of("gmner", [POST], pictures=True)
    subject = FakeSubject()
    put(exam, POST, subject, Pictures.under(tmp_path))
    assert [q.picture for q in subject.asked] == [None]


def test_other_corpora_are_asked_with_pictures_but_have_no_boxes(tmp_path: Path) -> None:
    draw(tmp_path / "7.jpg")
    (exam,) = exams_of("twitter2015", [POST], pictures=True)
    assert not [name for name in exam.marking.scores if "grounded" in name]
    subject = FakeSubject()
    put(exam, POST, subject, Pictures.under(tmp_path))
    assert [q.picture for q in subject.asked] == [tmp_path / "7.jpg"]


def test_types_that_training_does_not_have_are_scored_apart() -> None:
    (exam,) = exams_of("fmnerg51", [POST], pictures=False, known=["city", "musician"])
    (name,) = [name for name in exam.marking.scores if "unseen" in name]
    assert name == "entities, unseen types (49)"
    assert put(exam, POST)[name] == 0.0  # there are none of them
    (exam,) = exams_of("fmnerg51", [POST], pictures=False, known=["city"])
    assert put(exam, POST)["entities, unseen types (50)"] == 100.0


def test_relations_end_to_end_are_a_chain() -> None:
    chain, joint = exams_of("conll04", [NEWS], pictures=False)
    assert chain.chain is Chain.RELATIONS and joint.chain is None
    (question,) = joint.ask(NEWS, load("conll04"), None)
    subject = FakeSubject(chains={TEXT: Said(question.example.records)})
    assert set(put(chain, NEWS, subject).values()) == {100.0}
    assert set(put(joint, NEWS, subject).values()) == {100.0}
    assert set(put(chain, NEWS).values()) == {0.0}


def test_events_end_to_end_are_a_chain() -> None:
    (document,) = [d for d in read_samples() if d.text.startswith("Police")]
    chain = exams_of("samples", [document], pictures=False)[2]
    assert chain.chain is Chain.EVENTS
    said = Said((Record("demonstrate", Span.of(document.text, 15, 23)),))  # the arrest's trigger
    scores = put(chain, document, FakeSubject(chains={document.text: said}))
    assert scores == {
        "trigger identification": pytest.approx(66.67),
        "trigger classification": 0.0,
        "arguments, end to end": 0.0,
    }


def test_labels_are_listed_in_the_order_asked_for() -> None:
    (exam,) = exams_of("mnre", [PAIR], pictures=False)
    subject = FakeSubject()
    put(exam, PAIR, subject, order=LabelOrder.ALPHABETICAL)
    (question,) = subject.asked
    assert list(question.example.asocs) == sorted(question.example.asocs)
    assert "none" in question.example.asocs
