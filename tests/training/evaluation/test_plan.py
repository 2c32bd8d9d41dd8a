from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tasks.document import Document, Mention, Relation
from tasks.ontology import load
from tasks.records import Record, Span
from tests.support.evaluator import FakeEvaluator, wanted
from tests.training.evaluation.test_pictures import draw
from training.evaluation.evaluator import Chain
from training.evaluation.label_order import LabelOrder
from training.evaluation.pictures import Pictures
from training.evaluation.plan import EvaluationTask, run_task, tasks_of
from training.evaluation.question import Prediction, Question
from training.evaluation.samples import read_samples

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


def titles(tasks: list[EvaluationTask]) -> list[str]:
    return [task.metric.title for task in tasks]


def put(
    task: EvaluationTask,
    document: Document,
    evaluator: FakeEvaluator | None = None,
    pictures: Pictures | None = None,
    order: LabelOrder = LabelOrder.INVENTORY,
) -> dict[str, float]:
    """F1 by score."""
    outcome = run_task(
        task,
        [document],
        load(document.ontology),
        evaluator or FakeEvaluator(),
        pictures or Pictures.none(),
        order,
    )
    return {row.score: row.f1 for row in outcome.rows()}


def test_tasks_follow_the_annotations() -> None:
    assert titles(tasks_of("gmner", [POST], pictures=False)) == ["entities"]
    assert titles(tasks_of("conll04", [NEWS], pictures=False)) == [
        "relations end to end",
        "joint relations",
    ]
    assert titles(tasks_of("mnre", [PAIR], pictures=False)) == ["pair relations"]
    assert titles(tasks_of("samples", read_samples(), pictures=False)) == [
        "entities",
        "pair relations",
        "events end to end",
        "arguments, trigger given",
    ]
    assert tasks_of("gmner", [], pictures=False) == []


def test_fine_types_are_scored_at_three_levels() -> None:
    """A band is no musician, but both are of the eight types' persons or organizations."""
    (task,) = tasks_of("fmnerg51", [POST], pictures=False)

    def actor(question: Question) -> Prediction:
        first, second = wanted(question).records
        return Prediction((replace(first, label="actor"), replace(second, label="park")))

    assert put(task, POST, FakeEvaluator(actor)) == {
        "entities": 0.0,
        "entities, 8 types": 100.0,
        "entities, 4 types": 100.0,
        "entities as strings": 0.0,
    }

    def building(question: Question) -> Prediction:
        first, second = wanted(question).records
        return Prediction((first, replace(second, label="cultural place")))

    scores = put(task, POST, FakeEvaluator(building))
    # a building is not of the eight types' locations, but of the four types'
    assert (scores["entities, 8 types"], scores["entities, 4 types"]) == (50.0, 100.0)


def test_with_pictures_entities_are_grounded(tmp_path: Path) -> None:
    draw(tmp_path / "7.jpg")
    pictures = Pictures.under(tmp_path)
    (task,) = tasks_of("fmnerg51", [POST], pictures=True)
    scores = put(task, POST, pictures=pictures)
    assert set(scores.values()) == {100.0}
    assert {
        "grounded entities (GMNER)",
        "grounded entities, groundable only",
        "grounded entities, IoU > 0.5",
        "grounded spans (EEG)",
        "grounded entities, 8 types",
        "grounded entities, 4 types",
    } <= scores.keys()
    blind = put(task, POST, FakeEvaluator(lambda q: Prediction(q.example.records)), pictures)
    assert blind["entities"] == 100.0 and blind["grounded entities (GMNER)"] == 50.0


def test_a_post_without_picture_has_a_text_question(tmp_path: Path) -> None:
    draw(tmp_path / "8.jpg")
    (task,) = tasks_of("gmner", [POST], pictures=True)
    evaluator = FakeEvaluator()
    put(task, POST, evaluator, Pictures.under(tmp_path))
    assert [q.picture for q in evaluator.asked] == [None]


def test_other_corpora_have_pictures_without_boxes(tmp_path: Path) -> None:
    draw(tmp_path / "7.jpg")
    (task,) = tasks_of("twitter2015", [POST], pictures=True)
    assert not [name for name in task.metric.scores if "grounded" in name]
    evaluator = FakeEvaluator()
    put(task, POST, evaluator, Pictures.under(tmp_path))
    assert [q.picture for q in evaluator.asked] == [tmp_path / "7.jpg"]


def test_types_that_training_does_not_have_are_scored_apart() -> None:
    (task,) = tasks_of("fmnerg51", [POST], pictures=False, known=["city", "musician"])
    (name,) = [name for name in task.metric.scores if "unseen" in name]
    assert name == "entities, unseen types (49)"
    assert put(task, POST)[name] == 0.0  # there are none of them
    (task,) = tasks_of("fmnerg51", [POST], pictures=False, known=["city"])
    assert put(task, POST)["entities, unseen types (50)"] == 100.0


def test_relations_end_to_end_are_a_chain() -> None:
    chain, joint = tasks_of("conll04", [NEWS], pictures=False)
    assert chain.chain is Chain.RELATIONS and joint.chain is None
    (question,) = joint.ask(NEWS, load("conll04"), None)
    evaluator = FakeEvaluator(chains={TEXT: Prediction(question.example.records)})
    assert set(put(chain, NEWS, evaluator).values()) == {100.0}
    assert set(put(joint, NEWS, evaluator).values()) == {100.0}
    assert set(put(chain, NEWS).values()) == {0.0}


def test_events_end_to_end_are_a_chain() -> None:
    (document,) = [d for d in read_samples() if d.text.startswith("Police")]
    chain = tasks_of("samples", [document], pictures=False)[2]
    assert chain.chain is Chain.EVENTS
    said = Prediction(
        (Record("demonstrate", Span.of(document.text, 15, 23)),)
    )  # the arrest's trigger
    scores = put(chain, document, FakeEvaluator(chains={document.text: said}))
    assert scores == {
        "trigger identification": pytest.approx(66.67),
        "trigger classification": 0.0,
        "arguments, end to end": 0.0,
    }


def test_labels_are_listed_in_the_given_order() -> None:
    (task,) = tasks_of("mnre", [PAIR], pictures=False)
    evaluator = FakeEvaluator()
    put(task, PAIR, evaluator, order=LabelOrder.ALPHABETICAL)
    (question,) = evaluator.asked
    assert list(question.example.asocs) == sorted(question.example.asocs)
    assert "none" in question.example.asocs
